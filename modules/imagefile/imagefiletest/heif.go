package imagefiletest

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// The card of 96 × 64 with a colour in each quarter, coded as one HEVC and one
// AV1 picture, with the decoders' configurations, and an alpha of 120 all over.
const (
	hevcConfig = "0103700000000000000000001ef000fcfdf8f800000f03200001001840010c01ffff03700000030090000003000003001eba0240" +
		"210001002b42010103700000030090000003000003001ea030810596ea4929ae6e04040c08000003000800000300084022000100074401c172b02240"
	hevcCard = "000000c02801af0638e3e7bf3f4dfe4381ffffe721be87fa43d62ef95a6ebe3c51ffe1c8fffe888009c3fe1b1126e96d34e4da3004a700a8977accf80ad9" +
		"5f8dfdc8702212c67278ba87b269538bee621598a9f34e59ca0de24fcc5fe6be48e2a29f163e7bbb290fe62227fff34c5e867d0b2d20380954d06f3895028b40" +
		"eec0734c799f415fadc5cec5ad096ceeb6e3eddc7868fe1785fff8d21dd79f8b87fffe4f47c7dd3fb2a4116de3d68d4b4dea943de4b8b0fa437893684c9b3def" +
		"2a40fdfcfec0"
	hevcAlphaConfig = "0104080000000000000000001ef000fcfcf8f800000f03200001001740010c01ffff0408000003009ff800000300001eba0240" +
		"21000100264201010408000003009ff800000300001ec0c204165ba924a6b9b0200000030020000003002122000100074401c172b02240"
	hevcAlpha = "000000102801ae0c707505f0bf071229d9b86fc0"
	av1Config = "81000c00"
	av1Card   = "12000a0918196ffec102020684324714000514514280b481b12671b01ff1077c8af3945aefb955217c7e7d2b5490cea2bf30c983ca07fb53a7ea9b1d4d71" +
		"461c9b0a2f8500694be21e93fbbad763339160b5c94cfe50"
)

// HEIF is a picture in an HEIF file, ISO/IEC 23008-12: a card of 96 × 64 with a
// colour in each quarter.
type HEIF struct {
	AVIF   bool
	Brand  string   // "" is the codec's own
	Alpha  bool     // 120 of 255 all over; not for AVIF
	Turn   byte     // quarters of a turn to the left that are to be shown
	Clap   uint32   // pixels of the width that are shown, from the middle; 0 shows all
	NCLX   []uint16 // primaries, curve, matrix; nil says nothing
	ICC    []byte
	Grid   bool   // two cards side by side
	Frames uint32 // of a film beside the picture; 0 is none

	Width, Height uint32 // that its header says; 0 is the truth
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func isoBox(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

func words(v ...uint32) (b []byte) {
	for _, w := range v {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

func halves(v ...uint16) (b []byte) {
	for _, w := range v {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}

// item is one item of the file.
type item struct {
	kind       string
	data       []byte
	properties []byte // places in the list, from 1
}

// Bytes returns the file.
func (h HEIF) Bytes() []byte {
	brand, kind, config, configKind, data := "heic", "hvc1", unhex(hevcConfig), "hvcC", unhex(hevcCard)
	if h.AVIF {
		brand, kind, config, configKind, data = "avif", "av01", unhex(av1Config), "av1C", unhex(av1Card)
	}
	if h.Brand != "" {
		brand = h.Brand
	}
	w, ht := uint32(96), uint32(64)
	if h.Width != 0 {
		w, ht = h.Width, h.Height
	}
	list := [][]byte{isoBox(configKind, config), isoBox("ispe", words(0, w, ht)), isoBox("pixi", words(0), []byte{3, 8, 8, 8})}
	card := []byte{1, 2, 3}
	var extra []byte // properties of the main picture
	add := func(b []byte) byte {
		list = append(list, b)
		return byte(len(list))
	}
	if h.NCLX != nil {
		extra = append(extra, add(isoBox("colr", []byte("nclx"), halves(h.NCLX...), []byte{0x80})))
	}
	if h.ICC != nil {
		extra = append(extra, add(isoBox("colr", []byte("prof"), h.ICC)))
	}
	if h.Clap != 0 {
		extra = append(extra, add(isoBox("clap", words(h.Clap, 1, ht, 1, 0, 1, 0, 1))))
	}
	if h.Turn != 0 {
		extra = append(extra, add(isoBox("irot", []byte{h.Turn})))
	}
	items := []item{{kind, data, card}}
	var refs []byte
	switch {
	case h.Grid:
		whole := add(isoBox("ispe", words(0, 2*w, ht)))
		items = []item{
			{"grid", slices.Concat([]byte{0, 0, 0, 1}, halves(uint16(2*w), uint16(ht))), append([]byte{whole, 3}, extra...)},
			{kind, data, card}, {kind, data, card},
		}
		refs = isoBox("iref", words(0), isoBox("dimg", halves(1, 2, 2, 3)))
	default:
		items[0].properties = append(slices.Clone(card), extra...)
	}
	if h.Alpha {
		alpha := []byte{
			add(isoBox("hvcC", unhex(hevcAlphaConfig))), 2, add(isoBox("pixi", words(0), []byte{1, 8})),
			add(isoBox("auxC", words(0), []byte("urn:mpeg:hevc:2015:auxid:1\x00"))),
		}
		items = append(items, item{kind, unhex(hevcAlpha), alpha})
		refs = isoBox("iref", words(0), isoBox("auxl", halves(uint16(len(items)), 1, 1)))
	}
	var infes, associations []byte
	for i, it := range items {
		infes = append(infes, isoBox("infe", []byte{2, 0, 0, 0}, halves(uint16(i+1), 0), []byte(it.kind), []byte{0})...)
		associations = append(append(associations, halves(uint16(i+1))...), byte(len(it.properties)))
		associations = append(associations, it.properties...)
	}
	ftyp := isoBox("ftyp", []byte(brand), words(0), []byte("mif1"+brand))
	meta := func(begin uint32) []byte {
		places := slices.Concat([]byte{0, 0, 0, 0, 0x44, 0}, halves(uint16(len(items))))
		for i, it := range items {
			places = append(places, slices.Concat(halves(uint16(i+1), 0, 1), words(begin, uint32(len(it.data))))...)
			begin += uint32(len(it.data))
		}
		return isoBox("meta", words(0),
			isoBox("hdlr", words(0, 0), []byte("pict"), words(0, 0, 0), []byte{0}),
			isoBox("pitm", words(0), halves(1)),
			isoBox("iloc", places),
			isoBox("iinf", words(0), halves(uint16(len(items))), infes),
			refs,
			isoBox("iprp", isoBox("ipco", list...), isoBox("ipma", words(0, uint32(len(items))), associations)))
	}
	var film []byte
	if h.Frames > 0 {
		film = isoBox("moov", isoBox("trak", isoBox("mdia", isoBox("minf", isoBox("stbl", isoBox("stsz", words(0, 1, h.Frames)))))))
	}
	begin := uint32(len(ftyp) + len(meta(0)) + len(film) + 8)
	var pixels []byte
	for _, it := range items {
		pixels = append(pixels, it.data...)
	}
	return slices.Concat(ftyp, meta(begin), film, isoBox("mdat", pixels))
}
