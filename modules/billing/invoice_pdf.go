package billing

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// The page of an invoice, in millimetres.
const (
	pdfMargin  = 22.0
	pdfLine    = 5.5
	pdfGap     = 9.0
	pdfAmounts = 36.0 // width of the column of amounts
	pdfText    = 10.0 // points
	pdfTitle   = 20.0
)

// PDF returns the invoice as a PDF file of one A4 page. Its fonts have Latin,
// Greek and Cyrillic letters.
func (v Invoice) PDF() ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	f.SetCreationDate(v.IssuedAt)
	f.SetModificationDate(v.IssuedAt)
	f.SetCatalogSort(true)
	f.SetTitle("Invoice "+v.Number, true)
	f.AddUTF8FontFromBytes("go", "", goregular.TTF)
	f.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	f.AddPage()
	width, _ := f.GetPageSize()
	width -= 2 * pdfMargin
	text := func(style string, size float64, s string) {
		f.SetFont("go", style, size)
		f.MultiCell(width, pdfLine*max(1, size/pdfText), s, "", "L", false)
	}
	row := func(style, left, right string) {
		f.SetFont("go", style, pdfText)
		y := f.GetY()
		f.MultiCell(width-pdfAmounts, pdfLine, left, "", "L", false)
		bottom := f.GetY()
		f.SetXY(pdfMargin+width-pdfAmounts, y)
		f.CellFormat(pdfAmounts, pdfLine, right, "", 1, "R", false, 0, "")
		f.SetY(max(bottom, f.GetY()))
	}
	rule := func() {
		f.Ln(pdfLine / 2)
		f.Line(pdfMargin, f.GetY(), pdfMargin+width, f.GetY())
		f.Ln(pdfLine / 2)
	}
	money := func(cents int64) string { return v.Currency + " " + hundredths(cents) }

	text("B", pdfTitle, "Invoice "+v.Number)
	text("", pdfText, v.IssuedAt.Format("2 January 2006"))
	f.Ln(pdfGap)
	text("", pdfText, paragraph(v.Seller.Name, v.Seller.Address, v.Seller.Country, labelled("VAT id ", v.Seller.VATID), v.Seller.Email))
	f.Ln(pdfGap)
	text("B", pdfText, "To")
	text("", pdfText, paragraph(v.Customer.Name, v.Customer.Address, v.Customer.Country, labelled("VAT id ", v.Customer.VATID), v.Customer.Email))
	f.Ln(pdfGap)
	row("B", "Description", "Amount")
	rule()
	row("", v.Description, money(v.Net))
	rule()
	row("", fmt.Sprintf("VAT %s %%", hundredths(v.VATRate)), money(v.VAT))
	row("B", "Total, paid", money(v.Total))
	f.Ln(pdfGap)
	if v.Note != "" {
		text("", pdfText, v.Note)
	}
	text("", pdfText, "Payment "+v.PaymentID)

	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("write invoice %s as PDF: %w", v.Number, err)
	}
	return b.Bytes(), nil
}

// paragraph puts the lines that say something below each other.
func paragraph(lines ...string) string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func labelled(label, s string) string {
	if s == "" {
		return ""
	}
	return label + s
}
