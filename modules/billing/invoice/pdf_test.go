package invoice

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/font/gofont/goregular"
)

func invoice(c Customer, rule string, rate int64) Invoice {
	vat := VATOn(25000, rate)
	return Invoice{
		Number: "2026-000042", IssuedAt: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), PaymentID: "019aa5f0-7c1e-7b62-9d1f-3a5c0c1d2e3f",
		Seller:   Seller{Name: "OPAL Photo B.V.", Address: "Keizersgracht 1\n1015 CJ Amsterdam", Country: "NL", VATID: "NL123456789B01", Email: "billing@opal.example"},
		Customer: c, Description: `OPAL credits: package "studio", 2500.00 credits`, Credits: 250_000, Net: 25000, VATRate: rate, VATRule: rule, VAT: vat, Total: 25000 + vat,
		Currency: "EUR", Note: vatNotes[rule],
	}
}

// samples are invoices of every kind. OPAL_INVOICE_DIR keeps their PDFs for
// looking at.
var samples = map[string]Invoice{
	"home": invoice(Customer{Name: "Bakkerij Jansen", Email: "jansen@bakkerij.example", Address: "Dam 1\n1012 JS Amsterdam", Country: "NL", VATID: "NL987654321B02"}, Standard, 2100),
	"reverse": invoice(Customer{Name: "Größenwahn & Söhne Feinkost-Manufaktur GmbH & Co. KG", Email: "rechnung@feinkost.example",
		Address: "Straße des 17. Juni 135\n10623 Berlin", Country: "DE", VATID: "DE123456789"}, ReverseCharge, 0),
	"greek":    invoice(Customer{Name: "Μαρία Παπαδοπούλου", Address: "Οδός Ερμού 15\n105 63 Αθήνα", Country: "GR"}, Standard, 2400),
	"finnish":  invoice(Customer{Name: "Łukasz Żółć, Ivana Čapková, Дмитрий Иванов", Country: "FI"}, Standard, 2550),
	"chinese":  invoice(Customer{Name: "北京科技有限公司", Address: "朝阳区建国路 88 号\n北京 100022", Country: "CN"}, OutsideEU, 0),
	"nameless": invoice(Customer{Country: "NL"}, Standard, 2100),
	"widest": invoice(Customer{Name: strings.Repeat("W", 200), Email: strings.Repeat("W", 190) + "@w.example",
		Address: strings.TrimSpace(strings.Repeat(strings.Repeat("W", 61)+"\n", 8)), Country: "GB", VATID: "GB" + strings.Repeat("W", 198)}, OutsideEU, 0),
	"longest": invoice(Customer{Name: strings.Repeat("Wide Wholesale ", 13), Email: strings.Repeat("w", 180) + "@example.com",
		Address: strings.TrimSpace(strings.Repeat(strings.Repeat("W", 61)+"\n", 8)), Country: "GB", VATID: "GB123456789"}, OutsideEU, 0),
}

func TestEveryInvoiceIsOnePage(t *testing.T) {
	for name, v := range samples {
		t.Run(name, func(t *testing.T) {
			pdf, err := v.PDF()
			if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("/Count 1\n")) {
				t.Errorf("%d bytes, %v", len(pdf), err)
			}
			s, err := draw(v)
			if err != nil {
				t.Fatal(err)
			}
			if _, height := s.GetPageSize(); s.end > height-pdfFoot {
				t.Errorf("its text ends at %.0f mm, in the foot", s.end)
			}
			if dir := os.Getenv("OPAL_INVOICE_DIR"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestLettersThatTheFontLacks(t *testing.T) {
	g, err := readGlyphs(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"Müller & Söhne": "Müller & Söhne", "Μαρία": "Μαρία", "Дмитрий": "Дмитрий", "Łódź  2": "Łódź  2", "北京 100022": "Bei Jing 100022",
		"a\n東京": "a\nDong Jing", "": "", "u\u0308": "ü", "€ 5": "€ 5", "\U0001F600": "?",
	} {
		t.Run(strconv.Quote(in), func(t *testing.T) {
			if got := g.write(in); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestRates(t *testing.T) {
	for rate, want := range map[int64]string{2100: "21 %", 2550: "25.5 %", 0: "0 %", 1000: "10 %", 505: "5.05 %"} {
		t.Run(want, func(t *testing.T) {
			if got := rateText(Invoice{VATRate: rate}); got != want {
				t.Errorf("%d gives %q", rate, got)
			}
		})
	}
}
