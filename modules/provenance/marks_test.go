package provenance

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
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
	jpeg := func(parts ...[]byte) imagefile.Statements {
		return imagefile.ReadStatements(imagefile.JPEG, slices.Concat([]byte{0xff, 0xd8}, slices.Concat(parts...), []byte{0xff, 0xda}))
	}
	manifest := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xeb}, 16), []byte("JP....jumbc2pa")...)
	assertion := "JP....jumbc2pa....\x71digitalSourceType\x78\x46http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\xff"
	generated := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xeb}, uint16(2+len(assertion))), assertion...)
	want := &picture.Marks{Creators: []string{"Ann"}, Credit: "Agency", Copyright: "© Ann"}
	for name, c := range map[string]struct {
		in   imagefile.Statements
		want *picture.Marks
	}{
		"a JPEG":                             {jpeg(segment, jumbf), want},
		"a JPEG with stray bytes and fill":   {jpeg([]byte{0, 0, 0xff, 0}, segment, []byte{0xff, 0xff}, jumbf), want},
		"a JPEG with content credentials":    {jpeg(manifest), &picture.Marks{C2PA: true}},
		"credentials that name a model":      {jpeg(generated), &picture.Marks{C2PA: true, SourceType: "trainedAlgorithmicMedia"}},
		"records alone, as a TIFF has them":  {imagefile.Statements{IPTC: [][]byte{records}}, want},
		"Latin-1":                            {imagefile.Statements{IPTC: [][]byte{record(116, "\xa9 Ren\xe9")}}, &picture.Marks{Copyright: "© René"}},
		"a record longer than its block":     {imagefile.Statements{IPTC: [][]byte{{0x1c, 2, 80, 0x7f, 0xff, 'A'}}}, nil},
		"a resource longer than the segment": {imagefile.Statements{Adobe: [][]byte{[]byte("8BIM\x04\x04\x00\x00\xff\xff\xff\xff\x1c")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Marks(Answer(pack(c.in)))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// A photo's statements are bounded, however long they are, and a child's answer is not
// trusted.
func TestMarksAreBounded(t *testing.T) {
	long := strings.Repeat("\"&<\u2028", maxValue)
	rdf := packet(`<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq>` + strings.Repeat("<rdf:li>"+strings.Repeat("x&amp;&quot;", 99)+"%d</rdf:li>", 50) + `</rdf:Seq></dc:creator></rdf:Description>`)
	for i := range 50 {
		rdf = strings.Replace(rdf, "%d", strings.Repeat("y", i), 1)
	}
	answer := Answer(pack(imagefile.Statements{XMP: []byte(rdf)}))
	if len(answer) < 2000 || len(answer) > 64<<10 {
		t.Errorf("%d bytes", len(answer))
	}
	if m := Marks(answer); m == nil || len(m.Creators) == 0 || len(m.Creators) > maxList {
		t.Errorf("%+v", m)
	}
	forged, err := json.Marshal(picture.Marks{SourceType: `x"/><a`, Copyright: long, Creators: slices.Repeat([]string{long, "A"}, 50)})
	if err != nil {
		t.Fatal(err)
	}
	m := Marks(forged)
	if m == nil || m.SourceType != "" || utf8.RuneCountInString(m.Copyright) > maxValue || len(m.Creators) > maxList || size(m) > maxText {
		t.Errorf("%d bytes, %d creators, %q", size(m), len(m.Creators), m.SourceType)
	}
	if m := Marks([]byte(`{"creators":`)); m != nil {
		t.Errorf("%+v", m)
	}
	if parts := pack(imagefile.Statements{XMP: make([]byte, maxXMP+1), Adobe: slices.Repeat([][]byte{make([]byte, maxXMP)}, 4)}); len(parts) > maxParts+64 || parts[0] != partAdobe {
		t.Errorf("%d bytes", len(parts))
	}
}

func TestEveryFormatStatesItsMarks(t *testing.T) {
	xmp := XMP(imagefile.SourceGenerated, &picture.Marks{Copyright: "© Ann"})
	want := &picture.Marks{SourceType: "compositeWithTrainedAlgorithmicMedia", Copyright: "© Ann"}
	embed := func(f imagefile.Format, file []byte) []byte {
		b, err := imagefile.Embed(f, file, xmp, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	jpg, png := imagefiletest.JPEG(t, imagefiletest.Photo(16, 12, 1)), imagefiletest.PNG(t, imagefiletest.Photo(16, 12, 1))
	deflated := imagefiletest.Chunk("iTXt", slices.Concat([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), imagefiletest.Deflate(t, xmp)))
	for name, b := range map[string][]byte{
		"JPEG":                embed(imagefile.JPEG, jpg),
		"PNG":                 embed(imagefile.PNG, png),
		"PNG with compressed": imagefiletest.WithChunk(png, deflated),
		"WebP":                embed(imagefile.WebP, imagefiletest.LossyWebP(16, 12)),
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(want, Marks(Answer(Gather(b)))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xed\x00\x20Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02P\x00\x00"))
	f.Add([]byte(packet(`<rdf:Description dc:rights="a"/>`)))
	f.Add(pack(imagefile.Statements{C2PA: true, XMP: []byte(packet(`<rdf:Description dc:rights="a"/>`)), IPTC: [][]byte{[]byte("\x1c\x02P\x00\x01A")}, Adobe: [][]byte{[]byte("8BIM")}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		Gather(b)
		answer := Answer(b)
		if len(answer) > 64<<10 {
			t.Fatalf("%d bytes", len(answer))
		}
		Marks(b)
		if d := cmp.Diff(readStatements(unpack(b)), Marks(answer)); d != "" {
			t.Errorf("the child's answer (-had +read):\n%s", d)
		}
		var m picture.Marks
		readXMP(&m, b)
		readRecords(&m, b)
		readResources(&m, b)
		var back picture.Marks
		readXMP(&back, XMP(imagefile.SourceComposite, &m))
		if m.SourceType != "" && rank(m.SourceType) > rank("composite") && back.SourceType != m.SourceType {
			t.Errorf("%q becomes %q", m.SourceType, back.SourceType)
		}
	})
}
