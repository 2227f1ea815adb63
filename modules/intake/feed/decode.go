package feed

import (
	"bufio"
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"io"
)

// decoded returns a file's text as UTF-8: of UTF-8 with and without a byte order mark, of
// UTF-16, and of Windows-1252, which holds Latin-1. Bytes that are not UTF-8 are read as
// Windows-1252 wherever they come, so the first umlaut may be a gigabyte into the file.
func decoded(in *bufio.Reader) io.Reader {
	head, _ := in.Peek(64) // its error comes again with the next read
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	case zeros(head, 1):
		return transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder())
	case zeros(head, 0):
		return transform.NewReader(in, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder())
	}
	return transform.NewReader(in, mixed{})
}

// zeros reports whether text of UTF-16 without a mark begins here: every other byte of
// its headings is zero.
func zeros(head []byte, from int) bool {
	if len(head) < 8 {
		return false
	}
	for i, b := range head[:len(head)/2*2] {
		if (b == 0) != (i%2 == from) {
			return false
		}
	}
	return true
}

// lineEnds writes a line feed for each end of a line, be it CR LF, or CR alone, as Excel for
// Mac writes it.
type lineEnds struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (lineEnds) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		b := src[nSrc]
		if b == '\r' {
			switch {
			case nSrc+1 < len(src) && src[nSrc+1] == '\n':
				nSrc++
			case nSrc+1 == len(src) && !atEOF:
				return nDst, nSrc, transform.ErrShortSrc
			}
			b = '\n'
		}
		dst[nDst] = b
		nDst, nSrc = nDst+1, nSrc+1
	}
	return nDst, nSrc, nil
}

// mixed keeps what is UTF-8 and reads other bytes as Windows-1252.
type mixed struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (mixed) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		b := src[nSrc]
		if b < utf8.RuneSelf {
			if nDst == len(dst) {
				return nDst, nSrc, transform.ErrShortDst
			}
			dst[nDst] = b
			nDst, nSrc = nDst+1, nSrc+1
			continue
		}
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(b)
		}
		if nDst+utf8.UTFMax > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}
