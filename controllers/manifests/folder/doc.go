// Package folder reads the objects of a folder of manifests: strictly, and with errors that name file, line, document and
// field.
package folder
