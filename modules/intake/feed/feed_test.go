package feed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// all reads a table and says of each entry what it is, in one line.
func all(t *testing.T, from io.Reader) (format string, got []string, err error) {
	t.Helper()
	r, err := Open(from)
	if err != nil {
		return "", nil, err
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Format, got, nil
		}
		if err != nil {
			return r.Format, got, err
		}
		if e.Err != nil {
			got = append(got, fmt.Sprintf("%d:%d %s", e.Row, e.Line, e.Err.Code))
			continue
		}
		line := fmt.Sprintf("%d:%d %s%s", e.Row, e.Line, e.File, e.URL)
		for _, f := range [][2]string{{"sku", e.Product.SKU}, {"gtin", e.Product.GTIN}, {"title", e.Product.Title}, {"scenes", strings.Join(e.Scenes, "+")}, {"prompt", e.Prompt}, {"brand", e.Brand}, {"presets", strings.Join(e.Presets, "+")}} {
			if f[1] != "" {
				line += " " + f[0] + "=" + f[1]
			}
		}
		got = append(got, line)
	}
}

func utf16of(text string, order binary.ByteOrder, mark bool) []byte {
	var b bytes.Buffer
	if mark {
		text = "\ufeff" + text
	}
	for _, u := range utf16.Encode([]rune(text)) {
		_ = binary.Write(&b, order, u)
	}
	return b.Bytes()
}

func TestTables(t *testing.T) {
	const own = "file,url,SKU,EAN,Title,scene,prompt,brand,presets\n"
	for name, c := range map[string]struct {
		in     string
		format string
		want   []string
	}{
		"own columns": {own + "a.jpg,,S1,4006381333931,Mug,\"studio, kitchen\",warm,summer,shopify|amazon_main\n,https://x.example/b.jpg,S2,,,,,,\n", CSV,
			[]string{"1:2 a.jpg sku=S1 gtin=4006381333931 title=Mug scenes=studio+kitchen prompt=warm brand=summer presets=shopify+amazon_main", "2:3 https://x.example/b.jpg sku=S2"}},
		"semicolons, as German Excel writes":   {"file;title\na.jpg;Tasse, blau\n", CSV, []string{"1:2 a.jpg title=Tasse, blau"}},
		"tabs":                                 {"file\ttitle\na.jpg\tBlue, and \"good\"\n", CSV, []string{"1:2 row_unreadable"}},
		"a first line that says sep=":          {"sep=;\r\nfile;title\r\na.jpg;x\r\n", CSV, []string{"1:3 a.jpg title=x"}},
		"a byte order mark":                    {"\xef\xbb\xbffile\na.jpg\n", CSV, []string{"1:2 a.jpg"}},
		"Latin-1":                              {"file,title\na.jpg,Gr\xfc\xdfe\n", CSV, []string{"1:2 a.jpg title=Grüße"}},
		"UTF-8 and one byte of Windows-1252":   {"file,title\na.jpg,Grüße\nb.jpg,5 \x80\n", CSV, []string{"1:2 a.jpg title=Grüße", "2:3 b.jpg title=5 €"}},
		"UTF-16 with a mark":                   {string(utf16of("file,title\na.jpg,Tøj\n", binary.LittleEndian, true)), CSV, []string{"1:2 a.jpg title=Tøj"}},
		"UTF-16, big end first":                {string(utf16of("file,title\na.jpg,Tøj\n", binary.BigEndian, true)), CSV, []string{"1:2 a.jpg title=Tøj"}},
		"UTF-16 without a mark":                {string(utf16of("file,title\na.jpg,x\n", binary.LittleEndian, false)), CSV, []string{"1:2 a.jpg title=x"}},
		"UTF-16 without a mark, big end":       {string(utf16of("file,title\na.jpg,x\n", binary.BigEndian, false)), CSV, []string{"1:2 a.jpg title=x"}},
		"quotes over lines":                    {"file,title\n\"a.jpg\",\"two\nlines \"\"x\"\"\"\nb.jpg,y\n", CSV, []string{"1:2 a.jpg title=two\nlines \"x\"", "2:4 b.jpg title=y"}},
		"a quote out of place is one row's":    {"file,title\na.jpg,6\" nail\nb.jpg,y\n", CSV, []string{"1:2 row_unreadable", "2:3 b.jpg title=y"}},
		"empty lines and rows":                 {"file,title\n\n,\n  , \na.jpg,x\n\n", CSV, []string{"1:5 a.jpg title=x"}},
		"short and long rows":                  {"title,file\nx\ny,b.jpg,more,cells\n", CSV, []string{"1:2 row_without_photo", "2:3 b.jpg title=y"}},
		"no line break at the end":             {"file\na.jpg", CSV, []string{"1:2 a.jpg"}},
		"carriage returns":                     {"file,title\r\na.jpg,x\r\n", CSV, []string{"1:2 a.jpg title=x"}},
		"formulas":                             {"file,sku,title\na.jpg,\"=\"\"00123\"\"\",'=HYPERLINK(1)\n", CSV, []string{"1:2 a.jpg sku=00123 title==HYPERLINK(1)"}},
		"the same photo of the same SKU":       {"file,sku\na.jpg,S\na.jpg,S\na.jpg,T\nb.jpg,S\n", CSV, []string{"1:2 a.jpg sku=S", "2:3 row_duplicate", "3:4 a.jpg sku=T", "4:5 b.jpg sku=S"}},
		"the same photo in another scene":      {"file,scene\na.jpg,studio\na.jpg,kitchen\n", CSV, []string{"1:2 a.jpg scenes=studio", "2:3 a.jpg scenes=kitchen"}},
		"a list of images":                     {"sku,images\nS,\"https://x.example/a.jpg, https://x.example/b.jpg?w=1,2|https://x.example/c.jpg\"\n", CSV, []string{"1:2 https://x.example/a.jpg sku=S", "1:2 https://x.example/b.jpg?w=1,2 sku=S", "1:2 https://x.example/c.jpg sku=S"}},
		"an error file that comes back":        {"file,url,sku,line,error_code,error\n,https://x.example/a.jpg,S,7,source_url_not_found,x\n", CSV, []string{"1:2 https://x.example/a.jpg sku=S"}},
		"a bad file name":                      {"file\n..\nphotos/a.jpg\nC:\\photos\\b.jpg\n", CSV, []string{"1:2 row_file_invalid", "2:3 photos/a.jpg", "3:4 C:\\photos\\b.jpg"}},
		"a cell that is too long":              {"file,title\na.jpg," + strings.Repeat("x", maxCell+1) + "\nb.jpg,y\n", CSV, []string{"1:2 row_cell_too_long", "2:3 b.jpg title=y"}},
		"a megabyte in a cell that isn't used": {"file,body\na.jpg,\"" + strings.Repeat("x\n", 1<<19) + "\"\nb.jpg,y\n", CSV, []string{"1:2 a.jpg", "2:524291 b.jpg"}},
		"JSON lines": {`{"file":"a.jpg","sku":"S","presets":["shopify","bol_main"],"gtin":4006381333931}` + "\n\n" + `{"images":["https://x.example/a.jpg","https://x.example/b,c.jpg"],"other":{"x":1}}` + "\n[1]\n" + `{"title":{"x":1},"file":"a"}` + "\nnull\n{}\n", JSONL,
			[]string{"1:1 a.jpg sku=S gtin=4006381333931 presets=shopify+bol_main", "2:3 https://x.example/a.jpg", "2:3 https://x.example/b,c.jpg", "3:4 row_unreadable", "4:5 row_unreadable", "5:6 row_unreadable", "6:7 row_without_photo"}},
		"Shopify": {"Handle,Title,Vendor,Variant SKU,Variant Barcode,Image Src,Image Position,Variant Image\n" +
			"mug,Blue Mug,Acme,MUG-B,4006381333931,https://cdn.example/1.jpg,1,https://cdn.example/1.jpg\n" +
			"mug,,,MUG-R,not a code,https://cdn.example/2.jpg,2,https://cdn.example/3.jpg\n" +
			"mug,,,,,https://cdn.example/3.jpg,3,\n" +
			"mug,,,,,https://cdn.example/3.jpg,4,\n" +
			"card,Gift card,Acme,CARD,,,,\n", Shopify,
			[]string{"1:2 https://cdn.example/1.jpg sku=MUG-B gtin=4006381333931 title=Blue Mug", "2:3 https://cdn.example/2.jpg sku=MUG-B gtin=4006381333931 title=Blue Mug",
				"2:3 https://cdn.example/3.jpg sku=MUG-R title=Blue Mug", "5:6 row_without_photo"}},
		"WooCommerce": {"ID,Type,SKU,Name,Images,Parent,Brands\n1,variable,W1,Mug,\"https://w.example/a.jpg, https://w.example/b.jpg\",,Acme\n2,variation,W1-R,Mug - red,https://w.example/r.jpg,W1,Acme\n3,variation,W1-B,Mug - blue,,W1,Acme\n4,simple,W2,Cup,,,\n", WooCommerce,
			[]string{"1:2 https://w.example/a.jpg sku=W1 title=Mug", "1:2 https://w.example/b.jpg sku=W1 title=Mug", "2:3 https://w.example/r.jpg sku=W1-R title=Mug - red", "4:5 row_without_photo"}},
		"WooCommerce in German": {"ID,Typ,Artikelnummer,Name,Bilder\n1,simple,W1,Tasse,https://w.example/a.jpg\n", WooCommerce, []string{"1:2 https://w.example/a.jpg sku=W1 title=Tasse"}},
		"Google Merchant": {"id\ttitle\tbrand\timage link\tadditional image link\tgtin\nM1\tMug\tAcme\thttps://m.example/a.jpg\thttps://m.example/b.jpg,https://m.example/c.jpg\t\n", Merchant,
			[]string{"1:2 https://m.example/a.jpg sku=M1 title=Mug", "1:2 https://m.example/b.jpg sku=M1 title=Mug", "1:2 https://m.example/c.jpg sku=M1 title=Mug"}},
		"a wish beside an export's columns": {"Handle,Title,Image Src,scene,preset\nmug,Mug,https://cdn.example/1.jpg,kitchen,shopify\n", Shopify, []string{"1:2 https://cdn.example/1.jpg title=Mug scenes=kitchen presets=shopify"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			format, got, err := all(t, strings.NewReader(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || format != c.format {
				t.Errorf("%s, want %s; want -, got +:\n%s", format, c.format, diff)
			}
		})
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		in   io.Reader
		want error
	}{
		"nothing":                      {strings.NewReader(""), ErrEmpty},
		"white space":                  {strings.NewReader(" \r\n\n"), ErrEmpty},
		"headings alone":               {strings.NewReader("file,title\n"), ErrEmpty},
		"a byte order mark alone":      {strings.NewReader("\xef\xbb\xbf"), ErrEmpty},
		"no column of photos":          {strings.NewReader("name,price\na,1\n"), ErrColumns},
		"an Excel workbook":            {strings.NewReader("PK\x03\x04xxxx"), ErrNotTable},
		"a compressed file":            {strings.NewReader("\x1f\x8bxxxxxx"), ErrNotTable},
		"a JSON array":                 {strings.NewReader(`[{"file":"a.jpg"}]`), ErrNotTable},
		"a web page":                   {strings.NewReader("<!doctype html>"), ErrNotTable},
		"a quote that is left open":    {strings.NewReader("file,title\n\"a.jpg,x\n" + strings.Repeat("b.jpg,y\n", 2<<20)), ErrRecord},
		"a line without an end":        {strings.NewReader(`{"file":"` + strings.Repeat("x", MaxRecord+10)), ErrRecord},
		"more rows than are taken":     {io.MultiReader(strings.NewReader("file\n"), &numbers{n: MaxRows + 1}), ErrTooManyRows},
		"a store that breaks off":      {io.MultiReader(strings.NewReader("file\na.jpg\n"), broken{}), io.ErrUnexpectedEOF},
		"a store that breaks at once":  {broken{}, io.ErrUnexpectedEOF},
		"a quote open in the headings": {strings.NewReader("\"file,title\na.jpg,x\n"), ErrNotTable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := all(t, c.in); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// numbers reads as so many rows, which differ.
type numbers struct {
	n, at int
	rest  []byte
}

func (r *numbers) Read(p []byte) (int, error) {
	for len(r.rest) < len(p) && r.at < r.n {
		r.at++
		r.rest = fmt.Appendf(r.rest, "photo-%d.jpg,https://x.example/%d.jpg\n", r.at, r.at)
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = append(r.rest[:0], r.rest[n:]...)
	return n, nil
}

func TestAHundredThousandColumns(t *testing.T) {
	head := strings.Repeat("x,", 100_000) + "file"
	row := strings.Repeat(",", 100_000) + "a.jpg"
	_, got, err := all(t, strings.NewReader(head+"\n"+row+"\n"))
	if err != nil || len(got) != 1 || got[0] != "1:2 a.jpg" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAHundredThousandRowsAreNotInMemory(t *testing.T) {
	r, err := Open(io.MultiReader(strings.NewReader("file,body\n"), &numbers{n: MaxRows}))
	if err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if after := heap(); after > before+16<<20 { // what remains is a map of 100,000 numbers
		t.Errorf("%d MB stay in memory", (after-before)>>20)
	}
	if r.Rows() != MaxRows {
		t.Errorf("%d rows", r.Rows())
	}
}

// FuzzTables holds that no file makes the reader panic, hang, or give what is neither a
// photo nor an error.
func FuzzTables(f *testing.F) {
	for _, seed := range []string{"file,title\na.jpg,x\n", "sep=;\nurl;sku\nhttps://x.example/a.jpg;S\n", `{"file":"a.jpg","images":["x","y"]}`, "Handle,Title,Image Src,Variant Image,Variant SKU\nm,M,u1,u2,S\nm,,u2,,\n",
		"ID,Type,Name,Images\n1,simple,x,\"a,b|c\"\n", "id\timage link\tadditional image link\n1\tx://a\tx://b,x://c\n", "\xff\xfef\x00i\x00l\x00e\x00\n\x00a\x00", "\"", "file\n\"a", "\x00\x00\x00\x00\x00\x00\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Open(bytes.NewReader(b))
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			e, err := r.Next()
			if err != nil {
				if _, again := r.Next(); again == nil {
					t.Fatal("it goes on after its end")
				}
				return
			}
			switch {
			case n > MaxRowPhotos*(len(b)+1):
				t.Fatal("it has more entries than bytes")
			case e.Err == nil && (e.File == "") == (e.URL == ""):
				t.Fatalf("an entry needs a file or a url: %+v", e)
			case e.Row < 1 || e.Line < 1 || e.Row > r.Rows():
				t.Fatalf("row %d, line %d", e.Row, e.Line)
			}
		}
	})
}
