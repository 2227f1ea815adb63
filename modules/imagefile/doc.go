// Package imagefile reads and writes what a picture's file holds beside its
// pixels: format, size, orientation, profile, EXIF and XMP. It needs no C.
//
// Bytes from outside are judged by Inspect before anything decodes them. A
// decoder is given Parsed.Essential, the file without what it doesn't need.
package imagefile
