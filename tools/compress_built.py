"""Puts .br and .gz twins beside the built front end, once per build, so that no start has to wait for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from whitenoise.compress import Compressor

BUILT = Path(__file__).resolve().parents[1] / "klisza" / "ui" / "static" / "built"


def main() -> None:
    compressor = Compressor(quiet=True)
    files = [path for path in BUILT.rglob("*") if path.is_file() and compressor.should_compress(path.name)]
    with ThreadPoolExecutor() as pool:  # brotli releases the interpreter lock
        list(pool.map(lambda path: compressor.compress(str(path)), files))


if __name__ == "__main__":
    main()
