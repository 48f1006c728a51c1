"""ZIP files whose every byte is known by its position: stored members, ZIP64, WinZip AE-2."""
