package provenance

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
)

// strength orders IPTC's digital source types: what says most of a model's part wins.
var strength = []string{"digitalCapture", "composite", "algorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"}

// weakOnes is how many of the weakest types rank below an unknown value, which may be
// important and is kept as it stands.
const weakOnes = 2

// stronger returns the stronger of two source types; "" is the weakest.
func stronger(a, b string) string {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(t string) float64 {
	if t == "" {
		return -1
	}
	if i := slices.Index(strength, t); i >= 0 {
		return float64(i)
	}
	return weakOnes - .5
}

// Strongest returns what a picture has to state that is made of a photo with these
// marks (nil: none) in a way that alone would be stated as made.
func Strongest(made imagefile.SourceType, of *picture.Marks) imagefile.SourceType {
	if of == nil {
		return made
	}
	return imagefile.SourceType(stronger(string(made), of.SourceType))
}

// XMP returns the packet for a picture made of a photo with these marks (nil: none):
// the strongest source type, and the photo's rights.
func XMP(made imagefile.SourceType, of *picture.Marks) []byte {
	plain := imagefile.SourceXMP(Strongest(made, of))
	if of == nil {
		return plain
	}
	rights := rightsXMP(of)
	if rights == "" {
		return plain
	}
	return bytes.Replace(plain, []byte("/>\n </rdf:RDF>"), []byte(">\n"+rights+"  </rdf:Description>\n </rdf:RDF>"), 1)
}

// rightsXMP are the rights as elements of a description.
func rightsXMP(m *picture.Marks) string {
	var b strings.Builder
	if len(m.Creators) > 0 {
		b.WriteString(`   <dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Seq>`)
		for _, c := range m.Creators {
			b.WriteString("<rdf:li>" + escape(c) + "</rdf:li>")
		}
		b.WriteString("</rdf:Seq></dc:creator>\n")
	}
	if m.Copyright != "" {
		b.WriteString(`   <dc:rights xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">` + escape(m.Copyright) + "</rdf:li></rdf:Alt></dc:rights>\n")
	}
	if m.Credit != "" {
		b.WriteString(`   <photoshop:Credit xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">` + escape(m.Credit) + "</photoshop:Credit>\n")
	}
	if m.WebStatement != "" {
		b.WriteString(`   <xmpRights:WebStatement xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">` + escape(m.WebStatement) + "</xmpRights:WebStatement>\n")
	}
	if m.Licensor != "" || m.LicensorURL != "" {
		b.WriteString(`   <plus:Licensor xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"><rdf:Seq><rdf:li rdf:parseType="Resource">`)
		if m.Licensor != "" {
			b.WriteString("<plus:LicensorName>" + escape(m.Licensor) + "</plus:LicensorName>")
		}
		if m.LicensorURL != "" {
			b.WriteString("<plus:LicensorURL>" + escape(m.LicensorURL) + "</plus:LicensorURL>")
		}
		b.WriteString("</rdf:li></rdf:Seq></plus:Licensor>\n")
	}
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes all
	return b.String()
}
