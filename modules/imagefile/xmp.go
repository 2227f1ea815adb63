package imagefile

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
func (t SourceType) URI() string {
	return "http://cv.iptc.org/newscodes/digitalsourcetype/" + string(t)
}

// SourceXMP returns an XMP packet that states the digital source type
// (Iptc4xmpExt:DigitalSourceType, IPTC Photo Metadata 2023.1) and nothing else.
func SourceXMP(t SourceType) []byte {
	return []byte(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="` + t.URI() + `"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`)
}
