package imagefile

import (
	"strings"
	"testing"
)

// A small form of the file that libvips 8.14 writes: two items, the second of them EXIF.
func TestBlankEXIF(t *testing.T) {
	const data = "pixelsTIFFplace"
	head := "\x00\x00\x00\x2ciloc\x00\x00\x00\x00\x44\x40\x00\x02" +
		"\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x5e\x00\x00\x00\x06" +
		"\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x64\x00\x00\x00\x09" +
		"\x00\x00\x00\x15infe\x02\x00\x00\x00\x00\x01\x00\x00av01\x00" +
		"\x00\x00\x00\x15infe\x02\x00\x00\x01\x00\x02\x00\x00Exif\x00"
	if len(head) != 0x5e {
		t.Fatalf("the data begins at %#x", len(head))
	}
	file := []byte(head + data)
	blankEXIF(file)
	if want := strings.Replace(head, "Exif", "skip", 1) + "pixels" + strings.Repeat("\x00", 9); string(file) != want {
		t.Errorf("%q\nwant %q", file, want)
	}
	for n := range len(head) + len(data) { // nor does a cut file harm
		blankEXIF([]byte((head + data)[:n]))
	}
}
