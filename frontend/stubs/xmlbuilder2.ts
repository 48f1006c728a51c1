/** Stands in for `xmlbuilder2`, which vtk.js needs only to write XML mesh files. */
function unavailable(): never {
  throw new Error('XML mesh files are not part of this viewer');
}

export { unavailable as create, unavailable as convert, unavailable as fragment };
