package imagefile

import (
	"bytes"
	"strings"
)

// SourceType says how a picture came to be, in the words of IPTC's digital
// source type vocabulary (https://cv.iptc.org/newscodes/digitalsourcetype/).
type SourceType string

// The source types OPAL's pictures have.
const (
	// SourceComposite is a photograph put together with elements no model made.
	SourceComposite SourceType = "composite"
	// SourceGenerated is a photograph put together with a generated scene.
	SourceGenerated SourceType = "compositeWithTrainedAlgorithmicMedia"
)

// URI returns the source type's address in the vocabulary.
// A value that is an address of another vocabulary is its own.
func (t SourceType) URI() string {
	if strings.Contains(string(t), "://") {
		return string(t)
	}
	return "http://cv.iptc.org/newscodes/digitalsourcetype/" + string(t)
}

// creator is the xmp:CreatorTool of OPAL's pictures.
const creator = `xmp:CreatorTool="OPAL"`

// MadeByOPAL reports whether SourceXMP made an XMP packet: OPAL has made the
// picture, and no program has written it since. Packets of releases that named no
// tool are known by being nothing else.
func MadeByOPAL(xmp []byte) bool {
	if bytes.Contains(xmp, []byte(creator)) {
		return true
	}
	for _, t := range []SourceType{SourceComposite, SourceGenerated} {
		if bytes.Contains(xmp, []byte(`<rdf:Description rdf:about="" `+sourceAttributes(t)+"/>")) {
			return true
		}
	}
	return false
}

func sourceAttributes(t SourceType) string {
	return `xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="` + t.URI() + `"`
}

// toolAttributes declare the tool in the packet.
const toolAttributes = ` xmlns:xmp="http://ns.adobe.com/xap/1.0/" ` + creator

// SourceXMP returns an XMP packet that states the digital source type
// (Iptc4xmpExt:DigitalSourceType, IPTC Photo Metadata 2023.1) and that OPAL made the
// picture, and nothing else.
func SourceXMP(t SourceType) []byte {
	return []byte(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" ` + sourceAttributes(t) + toolAttributes + `/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`)
}
