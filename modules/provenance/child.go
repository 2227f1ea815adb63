package provenance

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
)

// How marks are read in the decoder's child process, which a crafted packet can neither
// leave nor make use more than its limits: the parent finds the parts by the file's own
// structure, and the child reads them.

// The kinds of parts that Gather packs, each followed by its length in 4 bytes and itself.
const (
	partXMP      = 'x'
	partDeflated = 'z' // XMP that is compressed
	partIPTC     = 'i'
	partAdobe    = 'a'
	partC2PA     = 'c'
	partSource   = 's' // one of the source types that C2PA names
)

// maxParts bounds what is handed over, in bytes; parts that don't fit are left out.
const maxParts = 2 << 20

// Gather returns the parts of a photo's file that Answer reads; nil when there are none.
func Gather(file []byte) (parts []byte) {
	info, err := imagefile.Inspect(file)
	if err != nil {
		return nil
	}
	return pack(imagefile.ReadStatements(info.Format, file))
}

func pack(s imagefile.Statements) (parts []byte) {
	add := func(kind byte, part []byte) {
		if len(part) <= maxXMP && len(parts)+len(part) <= maxParts {
			parts = append(binary.BigEndian.AppendUint32(append(parts, kind), uint32(len(part))), part...)
		}
	}
	if s.C2PA {
		add(partC2PA, nil)
	}
	for _, name := range s.Sources {
		add(partSource, []byte(name))
	}
	if len(s.XMP) > 0 {
		kind := byte(partXMP)
		if s.Deflated {
			kind = partDeflated
		}
		add(kind, s.XMP)
	}
	for _, b := range s.IPTC {
		add(partIPTC, b)
	}
	for _, b := range s.Adobe {
		add(partAdobe, b)
	}
	return parts
}

func unpack(parts []byte) (s imagefile.Statements) {
	const head = 5
	for len(parts) >= head {
		n := binary.BigEndian.Uint32(parts[1:])
		if uint64(n) > uint64(len(parts)-head) {
			break
		}
		part := parts[head : head+n]
		switch parts[0] {
		case partXMP, partDeflated:
			s.XMP, s.Deflated = part, parts[0] == partDeflated
		case partIPTC:
			s.IPTC = append(s.IPTC, part)
		case partAdobe:
			s.Adobe = append(s.Adobe, part)
		case partC2PA:
			s.C2PA = true
		case partSource:
			s.Sources = append(s.Sources, string(part))
		}
		parts = parts[head+n:]
	}
	return s
}

// Answer reads, in the child, what Gather has found. Its answer is for Marks, and has
// less than 64 KB.
func Answer(parts []byte) []byte {
	m := readStatements(unpack(parts))
	if m == nil {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // which would make six bytes of one
	_ = e.Encode(m)        // strings and a bool can't fail
	return b.Bytes()
}

// Marks reads a child's answer; nil when the photo states nothing. The answer is trusted
// no more than the photo was: each value is bounded and cleaned again.
func Marks(answer []byte) *picture.Marks {
	var said picture.Marks
	if json.Unmarshal(answer, &said) != nil {
		return nil
	}
	m := picture.Marks{C2PA: said.C2PA}
	put(&m, "DigitalSourceType", said.SourceType)
	for _, c := range said.Creators[:min(len(said.Creators), maxList)] {
		put(&m, "creator", c)
	}
	for _, v := range [][2]string{
		{"rights", said.Copyright}, {"Credit", said.Credit}, {"WebStatement", said.WebStatement}, {"LicensorName", said.Licensor}, {"LicensorURL", said.LicensorURL},
	} {
		put(&m, v[0], v[1])
	}
	if m.Empty() {
		return nil
	}
	m.Creators = slices.Clip(m.Creators)
	return &m
}

// Read returns what a file of OPAL's own states, in this process. Photos from outside are
// for Gather, their decoder's child and Marks.
func Read(file []byte) *picture.Marks { return Marks(Answer(Gather(file))) }
