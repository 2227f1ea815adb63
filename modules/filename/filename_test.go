package filename

import (
	"mime"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestStem(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":                          {"vase.jpg", "vase"},
		"Cyrillic":                       {"кружка.jpg", "кружка"},
		"Japanese":                       {"コップ.jpg", "コップ"},
		"Devanagari with vowel signs":    {"प्याला.png", "प्याला"},
		"Persian with its joiner":        {"می\u200cخواهم.jpg", "می\u200cخواهم"},
		"accents in two pieces":          {"cafe\u0301.jpg", "café"},
		"a space":                        {"blue vase.jpg", "blue vase"},
		"spaces of other kinds":          {"blue\u00a0\u3000 vase .jpg", "blue vase"},
		"a number in brackets":           {"vase (1).jpg", "vase (1)"},
		"three dots":                     {"...jpg", "photo"},
		"an extension alone":             {".jpg", "photo"},
		"two dots":                       {"..jpg", "photo"},
		"nothing":                        {"", "photo"},
		"the folder above":               {"..", "photo"},
		"a path upwards":                 {"../../etc/passwd", "passwd"},
		"a path of Windows":              {`C:\photos\a.jpg`, "a"},
		"a trailing slash":               {"photos/", "photos"},
		"a hidden file":                  {".vase.jpg", "vase"},
		"a flag":                         {"-rf.jpg", "rf"},
		"a double extension":             {"report.json.jpg", "report.json"},
		"a dot that is no extension":     {"vase v1.2", "vase v1.2"},
		"an extension in capitals":       {"VASE.JPEG", "VASE"},
		"bytes that are no UTF-8":        {"va\xff\xfese.jpg", "va_se"},
		"an escape sequence":             {"\x1b[31mred\x1b[0m.jpg", "31mred_0m"},
		"a line break":                   {"a\nb.jpg", "a_b"},
		"NUL":                            {"a\x00b.jpg", "a_b"},
		"text that runs the other way":   {"a\u202egpj.exe.jpg", "agpj.exe"},
		"an emoji alone":                 {"🧴.jpg", "photo"},
		"an emoji with a variation mark": {"❤️ vase.jpg", "vase"},
		"an invisible letter":            {"\u3164.jpg", "photo"},
		"what Windows forbids":           {`a<b>c:d"e|f?g*h.jpg`, "a_b_c_d_e_f_g_h"},
		"a device":                       {"con.jpg", "_con"},
		"a device with an extension":     {"NUL.tar.jpg", "_NUL.tar"},
		"a device with a superscript":    {"com¹.jpg", "_com¹"},
		"no device":                      {"console.jpg", "console"},
		"a trailing dot":                 {"vase..jpg", "vase"},
		"quotes and shell signs":         {"a'b`c$(d);e.jpg", "a_b_c_(d)_e"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Stem(c.in)); d != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, d)
			}
		})
	}
}

func TestFile(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"a picture":            {"кружка-studio.WEBP", "кружка-studio.webp"},
		"a ZIP":                {"../job 1.zip", "job 1.zip"},
		"an extension alone":   {".zip", "photo.zip"},
		"no extension":         {"a", "a"},
		"a long name":          {strings.Repeat("a", 300) + ".zip", strings.Repeat("a", 80) + ".zip"},
		"a strange extension":  {"a.z\"p", "a.z_p"},
		"a header in the name": {`ha"ha` + "\r\nX: y.jpg", "ha_ha_X_ y.jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, File(c.in)); d != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, d)
			}
		})
	}
}

func TestStemIsShort(t *testing.T) {
	for name, in := range map[string]string{
		"letters": strings.Repeat("a", 400), "Chinese": strings.Repeat("杯", 104), "marks": "a" + strings.Repeat("\u0323\u0330", 300),
	} {
		t.Run(name, func(t *testing.T) {
			got := Stem(in + ".jpg")
			if n := utf8.RuneCountInString(got); n > maxRunes || len(got) > maxBytes || n < 40 {
				t.Errorf("%d characters, %d bytes", n, len(got))
			}
		})
	}
}

func FuzzStem(f *testing.F) {
	for _, s := range []string{"vase.jpg", "...jpg", "\xff\xfe", "com1.", "a\u202eb", "/", `\`, "\u0301", strings.Repeat("あ", 90)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, s := range []string{Stem(in), Slug(in)} {
			if s == "" || !utf8.ValidString(s) || !filepath.IsLocal(s) || strings.ContainsAny(s, "/\\:*?\"<>|\x00\x1b\n") || len(s) > maxBytes+1 {
				t.Errorf("%q becomes %q", in, s)
			}
			if strings.TrimRight(s, ". ") != s || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "-") || isDevice(s) {
				t.Errorf("%q becomes %q", in, s)
			}
			if again := Stem(s + ".jpg"); s[0] != '_' && again != s {
				t.Errorf("%q becomes %q and then %q", in, s, again)
			}
		}
	})
}

func TestUnique(t *testing.T) {
	var n Names
	n.Reserve("report.json")
	var got []string
	for _, s := range []string{"vase", "Vase", "café", "cafe\u0301", "report.json", "vase-2", "STRASSE", "straße", "①", "1", "می\u200cخواهم", "میخواهم", "J\u030c", "\u01f0"} {
		got = append(got, n.Unique(s, ""))
	}
	got = append(got, n.Unique("vase", ".png"), n.Unique("vase", ".png"))
	want := []string{"vase", "Vase-2", "café", "cafe\u0301-2", "report.json-2", "vase-2-2", "STRASSE", "straße-2", "①", "1-2", "می\u200cخواهم", "میخواهم-2", "J\u030c", "\u01f0-2", "vase.png", "vase-2.png"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestShow(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":              {"photos/кружка 1.jpg", "photos/кружка 1.jpg"},
		"an escape sequence": {"\x1b[2Ja.jpg", `"\x1b[2Ja.jpg"`},
		"no UTF-8":           {"a\xff.jpg", `"a\xff.jpg"`},
		"a hidden direction": {"a\u202eb", `"a\u202eb"`},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Show(c.in)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestAttachmentIsReadBack(t *testing.T) {
	for name, in := range map[string]string{
		"plain": "vase-studio.webp", "Cyrillic": "кружка-studio.webp", "a space": "blue vase.png", "signs": "a(1)+b,c=@.jpg", "quotes": `a"b\c.jpg`,
	} {
		t.Run(name, func(t *testing.T) {
			value := Attachment(in)
			kind, params, err := mime.ParseMediaType(value)
			if err != nil || kind != "attachment" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%s: %v", value, err)
			}
			if d := cmp.Diff(in, params["filename"]); d != "" {
				t.Errorf("%s (-want +got):\n%s", value, d)
			}
		})
	}
}
