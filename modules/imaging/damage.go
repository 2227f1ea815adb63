package imaging

import "strings"

// damages are words of image libraries, in small letters, and what they mean for people.
var damages = []struct {
	words []string
	means string
}{
	{[]string{"premature end", "unexpected end", "end of file", "out of order read", "not enough", "truncated", "eof"}, "the file ends early"},
	{[]string{"huffman", "crc", "checksum", "zlib", "inflate", "adaptive filter", "corrupt", "marker", "invalid"}, "its data are damaged"},
	{[]string{"memory"}, "it needs more memory than a picture may take"},
	{[]string{"progressive scans", "progression"}, "its JPEG scans are damaged"},
	{[]string{"dimension", "size"}, "its data don't have the size that its header says"},
}

// damage returns in plain words why a library could not decode a picture: its own words say
// nothing to people.
func damage(reason string) string {
	reason = strings.ToLower(reason)
	for _, d := range damages {
		for _, w := range d.words {
			if strings.Contains(reason, w) {
				return d.means
			}
		}
	}
	return "its pixels can't be decoded"
}
