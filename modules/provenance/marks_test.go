package provenance

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
)

const rdf = `xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"`

func packet(inner string) string {
	return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ` + rdf + `>` + inner + `</rdf:RDF></x:xmpmeta>`
}

func TestXMPIsRead(t *testing.T) {
	const ns = ` xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"`
	for name, c := range map[string]struct {
		xmp  string
		want picture.Marks
	}{
		"an attribute": {packet(`<rdf:Description` + ns + ` Iptc4xmpExt:DigitalSourceType="` + vocabulary + `trainedAlgorithmicMedia"/>`), picture.Marks{SourceType: "trainedAlgorithmicMedia"}},
		"an element": {packet(`<rdf:Description` + ns + `><Iptc4xmpExt:DigitalSourceType>` + vocabulary + `digitalCapture</Iptc4xmpExt:DigitalSourceType></rdf:Description>`),
			picture.Marks{SourceType: "digitalCapture"}},
		"a resource over https": {packet(`<rdf:Description` + ns + `><Iptc4xmpExt:DigitalSourceType rdf:resource="https://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"/></rdf:Description>`),
			picture.Marks{SourceType: "algorithmicMedia"}},
		"another prefix": {packet(`<rdf:Description xmlns:q="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" q:DigitalSourceType="` + vocabulary + `trainedAlgorithmicMedia"/>`),
			picture.Marks{SourceType: "trainedAlgorithmicMedia"}},
		"an unknown value": {packet(`<rdf:Description` + ns + ` Iptc4xmpExt:DigitalSourceType="` + vocabulary + `virtualRecording"/>`), picture.Marks{SourceType: "virtualRecording"}},
		"two values": {packet(`<rdf:Description` + ns + ` Iptc4xmpExt:DigitalSourceType="` + vocabulary + `composite"><Iptc4xmpExt:DigitalSourceType>` + vocabulary +
			`trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType></rdf:Description>`), picture.Marks{SourceType: "trainedAlgorithmicMedia"}},
		"rights": {packet(`<rdf:Description` + ns + ` exif:GPSLatitude="52,22N" exif:BodySerialNumber="123"><dc:creator><rdf:Seq><rdf:li>Ann &amp; Bo</rdf:li><rdf:li>Cy</rdf:li></rdf:Seq></dc:creator>` +
			`<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© 2026 Ann</rdf:li><rdf:li xml:lang="nl">anders</rdf:li></rdf:Alt></dc:rights></rdf:Description>`),
			picture.Marks{Creators: []string{"Ann & Bo", "Cy"}, Copyright: "© 2026 Ann"}},
		"a value of another vocabulary": {packet(`<rdf:Description` + ns + ` Iptc4xmpExt:DigitalSourceType="https://other.example/types/painted"/>`), picture.Marks{SourceType: "https://other.example/types/painted"}},
		"a value that would break out":  {packet(`<rdf:Description` + ns + ` Iptc4xmpExt:DigitalSourceType="x&quot;/&gt;&lt;a"/>`), picture.Marks{}},
		"nothing of interest":           {packet(`<rdf:Description` + ns + ` exif:GPSLatitude="52,22N"/>`), picture.Marks{}},
		"XML that breaks off":           {`<x:xmpmeta><rdf:Description Iptc4xmpExt:DigitalSourceType="` + vocabulary + `trainedAlgorithmicMedia"><dc:cre`, picture.Marks{SourceType: "trainedAlgorithmicMedia"}},
		"control characters":            {packet(`<rdf:Description` + ns + ` dc:rights="a&#x9;b"/>`), picture.Marks{Copyright: "a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got picture.Marks
			readXMP(&got, []byte(c.xmp))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestStrongest(t *testing.T) {
	for _, c := range []struct{ made, of, want string }{
		{"composite", "trainedAlgorithmicMedia", "trainedAlgorithmicMedia"},
		{"compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia", "trainedAlgorithmicMedia"},
		{"composite", "compositeWithTrainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"},
		{"composite", "algorithmicMedia", "algorithmicMedia"},
		{"composite", "digitalCapture", "composite"},
		{"compositeWithTrainedAlgorithmicMedia", "digitalCapture", "compositeWithTrainedAlgorithmicMedia"},
		{"composite", "virtualRecording", "virtualRecording"},
		{"compositeWithTrainedAlgorithmicMedia", "virtualRecording", "compositeWithTrainedAlgorithmicMedia"},
		{"composite", "", "composite"},
	} {
		t.Run(c.made+" of "+c.of, func(t *testing.T) {
			if got := Strongest(imagefile.SourceType(c.made), &picture.Marks{SourceType: c.of}); string(got) != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	want := picture.Marks{SourceType: "trainedAlgorithmicMedia", Creators: []string{`Ann "A" <a@b>`, "Бо"}, Copyright: "© & Co", Credit: "Agency", WebStatement: "https://a.example/?a=1&b=2",
		Licensor: "L", LicensorURL: "https://l.example"}
	var got picture.Marks
	xmp := XMP(imagefile.SourceComposite, &want)
	readXMP(&got, xmp)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !imagefile.MadeByOPAL(xmp) || !strings.Contains(string(xmp), `"`+vocabulary+`trainedAlgorithmicMedia"`) {
		t.Errorf("%s", xmp)
	}
	if plain := XMP(imagefile.SourceComposite, nil); string(plain) != string(imagefile.SourceXMP(imagefile.SourceComposite)) {
		t.Errorf("%s", plain)
	}
}

func TestIPTCRecordsAreRead(t *testing.T) {
	record := func(number byte, text string) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0x1c, 2, number}, uint16(len(text))), text...)
	}
	records := slices.Concat(record(80, "Ann"), record(110, "Agency"), record(116, "© Ann"), record(90, "Amsterdam"))
	resource := binary.BigEndian.AppendUint32([]byte("8BIM\x04\x04\x00\x00"), uint32(len(records)))
	body := slices.Concat([]byte("Photoshop 3.0\x00"), resource, records)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xed}, uint16(len(body)+2)), body...)
	jumbf := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xeb}, 14), []byte("JP....jumbc2pa")[:12]...)
	var got picture.Marks
	readJPEG(&got, slices.Concat([]byte{0xff, 0xd8}, segment, jumbf, []byte{0xff, 0xda}))
	if d := cmp.Diff(picture.Marks{Creators: []string{"Ann"}, Credit: "Agency", Copyright: "© Ann"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xed\x00\x20Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02P\x00\x00"))
	f.Add([]byte(packet(`<rdf:Description dc:rights="a"/>`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		Read(b)
		var m picture.Marks
		readXMP(&m, b)
		readJPEG(&m, b)
		var back picture.Marks
		readXMP(&back, XMP(imagefile.SourceComposite, &m))
		if m.SourceType != "" && rank(m.SourceType) > rank("composite") && back.SourceType != m.SourceType {
			t.Errorf("%q becomes %q", m.SourceType, back.SourceType)
		}
	})
}
