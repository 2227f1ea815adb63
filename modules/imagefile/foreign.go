package imagefile

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// signature is how a format that is not taken begins.
type signature struct {
	name   string
	offset int
	magic  string
}

// foreign lists formats people try to upload. The longest name of a family
// comes first.
var foreign = []signature{
	{"GIF", 0, "GIF8"},
	{"BigTIFF", 0, "II+\x00"},
	{"BigTIFF", 0, "MM\x00+"},
	{"BMP", 0, "BM"},
	{"Photoshop", 0, "8BPS"},
	{"PDF", 0, "%PDF"},
	{"EPS", 0, "%!PS"},
	{"EPS", 0, "\xc5\xd0\xd3\xc6"},
	{"JPEG XL", 0, "\xff\x0a"},
	{"JPEG XL", 0, "\x00\x00\x00\x0cJXL "},
	{"JPEG 2000", 0, "\x00\x00\x00\x0cjP  "},
	{"JPEG 2000", 0, "\xff\x4f\xff\x51"},
	{"OpenEXR", 0, "\x76\x2f\x31\x01"},
	{"Radiance HDR", 0, "#?RADIANCE"},
	{"icon", 0, "\x00\x00\x01\x00"},
	{"DirectDraw", 0, "DDS "},
	{"Fujifilm raw", 0, "FUJIFILMCCD-RAW"},
	{"ImageMagick", 0, "push graphic-context"},
	{"ImageMagick", 0, "id=ImageMagick"},
	{"ZIP", 0, "PK\x03\x04"},
	{"RAR", 0, "Rar!"},
	{"7z", 0, "7z\xbc\xaf\x27\x1c"},
	{"gzip", 0, "\x1f\x8b"},
}

// advice says what to do with a format that is not taken; others get a general
// sentence.
var advice = map[string]string{
	"PDF":          "export the page as JPEG or PNG",
	"SVG":          "export it as PNG",
	"camera raw":   "develop it and export a JPEG",
	"Fujifilm raw": "develop it and export a JPEG",
	"ZIP":          "unpack it and upload the pictures",
	"RAR":          "unpack it and upload the pictures",
	"7z":           "unpack it and upload the pictures",
	"gzip":         "unpack it and upload the pictures",
	"video":        "save one frame as JPEG or PNG",
}

// refuseForeign says what the file is and what to do.
func refuseForeign(b []byte) error {
	name := foreignName(b)
	if name == "" {
		return ErrUnsupported.With("the file is no picture of a known kind; save it as JPEG or PNG")
	}
	do, ok := advice[name]
	if !ok {
		do = "save it as JPEG or PNG"
	}
	return ErrUnsupported.With("this is %s; %s", name, do)
}

// foreignName names the format of a file that is not taken, "" when unknown.
func foreignName(b []byte) string {
	for _, s := range foreign {
		if len(b) >= s.offset && bytes.HasPrefix(b[s.offset:], []byte(s.magic)) {
			return s.name
		}
	}
	if name := isoMediaName(b); name != "" {
		return name
	}
	return markupName(b)
}

// isoMediaName names what is kept in an ISO base media file, by its brands
// (ISO/IEC 14496-12, the ftyp box).
func isoMediaName(b []byte) string {
	if len(b) < 16 || string(b[4:8]) != "ftyp" {
		return ""
	}
	size := min(uint64(binary.BigEndian.Uint32(b)), uint64(len(b)), 256)
	name := "video"
	for i := uint64(8); i+4 <= size; i += 4 {
		if i == 12 { // the minor version is not a brand
			continue
		}
		switch string(b[i : i+4]) {
		case "avif", "avis":
			return "AVIF"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1":
			name = "HEIC"
		case "crx ":
			return "camera raw"
		}
	}
	return name
}

// markupName names XML and HTML files.
func markupName(b []byte) string {
	head := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(b[:min(len(b), hiddenWindow)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	if !bytes.HasPrefix(head, []byte("<")) || !utf8.Valid(head[:min(len(head), 64)]) {
		return ""
	}
	switch {
	case bytes.Contains(head, []byte("<svg")):
		return "SVG"
	case bytes.Contains(head, []byte("<html")), bytes.HasPrefix(head, []byte("<!doctype html")):
		return "an HTML page"
	}
	return "a text file"
}

// hiddenWindow is how far readers of other formats look for their own start.
const hiddenWindow = 1024

// hiddenFormat names a second format that the file is at the same time, "" when
// there is none. Such files are made to pass one check and be opened by another
// program: a PDF may start anywhere in the first kilobyte and a ZIP is found
// from its end. Plain bytes behind a picture are not a second format: phones keep
// motion clips and depth maps there. Nor is HTML, which shop programs leave in
// comments: no browser looks for it behind a picture's first bytes. All of that is
// dropped before decoding.
func hiddenFormat(b []byte) string {
	head := bytes.ToLower(b[:min(len(b), hiddenWindow)])
	for _, s := range []struct{ magic, name string }{
		{"%pdf-", "a PDF"},
		{"<?php", "a PHP script"},
		{"%!ps", "a PostScript file"},
	} {
		if bytes.Contains(head, []byte(s.magic)) {
			return s.name
		}
	}
	if endsAsZIP(b) {
		return "a ZIP archive"
	}
	return ""
}

// endsAsZIP reports whether the file ends with a ZIP's end-of-directory record
// whose comment fills the file exactly (APPNOTE 4.3.16).
func endsAsZIP(b []byte) bool {
	const record, maxComment = 22, 1<<16 - 1
	tail := b[max(0, len(b)-record-maxComment):]
	for i := len(tail); ; {
		if i = bytes.LastIndex(tail[:i], []byte("PK\x05\x06")); i < 0 {
			return false
		}
		if i+record <= len(tail) && i+record+int(binary.LittleEndian.Uint16(tail[i+record-2:])) == len(tail) {
			return true
		}
	}
}
