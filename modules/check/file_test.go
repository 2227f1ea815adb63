package check

import "testing"

func TestNamesOfFiles(t *testing.T) {
	for name, c := range map[string]struct {
		form, file string
		want       bool
	}{
		"an ASIN and a slot":              {"{asin}.MAIN", "B0ABCDEFGH.MAIN.jpg", true},
		"a barcode for it":                {"{asin}.MAIN", "4006381333931.MAIN.JPG", true},
		"a wrong check digit":             {"{asin}.MAIN", "4006381333932.MAIN.jpg", false},
		"a dash":                          {"{asin}.MAIN", "B0ABCDEFGH-MAIN.jpg", false},
		"a space":                         {"{asin}.MAIN", "B0ABCDEFGH.MAIN .jpg", false},
		"another slot":                    {"{asin}.MAIN", "B0ABCDEFGH.PT01.jpg", false},
		"any of the further pictures":     {"{asin}.PT01", "B0ABCDEFGH.PT07.jpg", true},
		"a GTIN of 14 digits":             {"{gtin14}", "04006381333931.jpg", true},
		"a GTIN of 13 where 14 are asked": {"{gtin14}", "4006381333931.jpg", false},
		"any GTIN":                        {"{gtin}", "96385074.jpg", true},
		"a slug":                          {"{slug}", "blue-mug_2.webp", true},
		"capitals in a slug":              {"{slug}", "Blue-Mug.webp", false},
		"no extension":                    {"{slug}", "mug", false},
		"a path":                          {"{sku}", "a/b.jpg", false},
		"an ISBN-10, a book's ASIN":       {"{asin}.MAIN", "080442957X.MAIN.jpg", true},
		"small letters":                   {"{asin}.MAIN", "b07abcdefg.MAIN.jpg", false},
		"a space before the slot":         {"{asin}.MAIN", "B07ABCDEFG MAIN.jpg", false},
		"a second extension":              {"{asin}.MAIN", "B07ABCDEFG.MAIN.jpg.jpg", false},
		"two dots":                        {"{asin}.MAIN", "B07ABCDEFG..MAIN.jpg", false},
		"nothing before the slot":         {"{asin}.MAIN", ".MAIN.jpg", false},
		"a slot of one digit":             {"{asin}.PT01", "B07ABCDEFG.PT1.jpg", false},
		"digits of another script":        {"{gtin}", "٤٠٠٦٣٨١٣٣٣٩٣١.jpg", false},
		"a GTIN-8 with a zero too few":    {"{gtin}", "9638507.jpg", false},
		"no picture's extension":          {"{slug}", "blue-mug.exe", false},
		"nothing":                         {"{sku}", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := named(c.file, []string{c.form}); got != c.want {
				t.Errorf("%s as %s: %v", c.file, c.form, got)
			}
		})
	}
}
