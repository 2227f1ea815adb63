package invoice

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// The page of an invoice, in millimetres and points.
const (
	pdfMargin = 20.0
	pdfLine   = 5.0
	pdfGap    = 8.0
	pdfPad    = 2.0
	pdfText   = 9.5
	pdfSmall  = 8.0
	pdfTitle  = 22.0
	pdfName   = 12.0
	pdfFoot   = 22.0 // above the page's end

	pdfLeading = 1.5 // lines' distance by the letters' size
	pdfMany    = 14  // lines of an address from which on it is small

	pdfMeta     = 72.0 // width of the block of number and dates
	pdfLabel    = 30.0 // of its labels
	pdfQuantity = 26.0 // widths of the table's columns, from the second on
	pdfRate     = 26.0
	pdfAmount   = 34.0
	pdfTotals   = 84.0 // of the block of totals
)

// The page's greys.
const (
	pdfInk   = 32
	pdfFaint = 110
	pdfRule  = 205
	pdfShade = 243
)

// sheet is an invoice's page while it is drawn.
type sheet struct {
	*fpdf.Fpdf
	width float64
	end   float64 // where the text ends
	font  glyphs
}

// PDF returns the invoice as a PDF file of one A4 page. Its font has Latin,
// Greek and Cyrillic letters; others are written in Latin ones.
func (v Invoice) PDF() ([]byte, error) {
	s, err := draw(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := s.Output(&b); err != nil {
		return nil, fmt.Errorf("write invoice %s as PDF: %w", v.Number, err)
	}
	return b.Bytes(), nil
}

func draw(v Invoice) (*sheet, error) {
	font, err := readGlyphs(goregular.TTF)
	if err != nil {
		return nil, err
	}
	s := &sheet{Fpdf: fpdf.New("P", "mm", "A4", ""), font: font}
	s.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	s.SetAutoPageBreak(false, 0)
	s.SetCreationDate(v.IssuedAt)
	s.SetModificationDate(v.IssuedAt)
	s.SetCatalogSort(true)
	s.SetTitle("Invoice "+v.Number, true)
	s.SetAuthor(v.Seller.Name, true)
	s.SetLang("en")
	s.AddUTF8FontFromBytes("go", "", goregular.TTF)
	s.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	s.SetCellMargin(0)
	s.AddPage()
	page, _ := s.GetPageSize()
	s.width = page - 2*pdfMargin

	s.heading(v)
	s.buyer(v)
	s.lines(v)
	s.totals(v)
	s.closing(v)
	return s, nil
}

// heading draws the seller on the left and the document's name, number and
// dates on the right.
func (s *sheet) heading(v Invoice) {
	top, left := s.GetY(), s.width-pdfMeta-pdfGap
	s.style("B", pdfName, pdfInk)
	s.text(pdfMargin, left, v.Seller.Name)
	s.style("", pdfText, pdfFaint)
	s.text(pdfMargin, left, paragraph(v.Seller.Address, countryName(v.Seller.Country), labelled("VAT id ", v.Seller.VATID), v.Seller.Email))
	bottom := s.GetY()

	x := pdfMargin + s.width - pdfMeta
	s.SetXY(x, top)
	s.style("B", pdfTitle, pdfInk)
	s.CellFormat(pdfMeta, 10, "Invoice", "", 2, "L", false, 0, "")
	s.SetY(s.GetY() + pdfPad)
	date := v.IssuedAt.Format("2 January 2006")
	for _, f := range [][2]string{{"Invoice number", v.Number}, {"Invoice date", date}, {"Date of supply", date}} {
		s.SetX(x)
		s.style("", pdfText, pdfFaint)
		s.CellFormat(pdfLabel, pdfLine, f[0], "", 0, "L", false, 0, "")
		s.style("B", pdfText, pdfInk)
		s.CellFormat(pdfMeta-pdfLabel, pdfLine, f[1], "", 1, "L", false, 0, "")
	}
	s.SetY(max(bottom, s.GetY()) + pdfGap)
}

func (s *sheet) buyer(v Invoice) {
	s.style("", pdfSmall, pdfFaint)
	s.text(pdfMargin, s.width, "BILL TO")
	s.SetY(s.GetY() + 1)
	name := v.Customer.Name
	if name == "" {
		name = "Private customer"
	}
	rest := paragraph(v.Customer.Address, countryName(v.Customer.Country), labelled("VAT id ", v.Customer.VATID), v.Customer.Email)
	size := pdfText
	s.style("B", size, pdfInk)
	if len(s.SplitText(s.font.write(name+"\n"+rest), s.width)) > pdfMany {
		size = pdfSmall
	}
	s.style("B", size, pdfInk)
	s.text(pdfMargin, s.width, name)
	s.style("", size, pdfInk)
	s.text(pdfMargin, s.width, rest)
	s.SetY(s.GetY() + pdfGap)
}

// lines draws the table of the sale: one line.
func (s *sheet) lines(v Invoice) {
	first := s.width - pdfQuantity - pdfRate - pdfAmount
	s.SetFillColor(pdfShade, pdfShade, pdfShade)
	s.Rect(pdfMargin, s.GetY(), s.width, pdfLine+2*pdfPad, "F")
	s.SetY(s.GetY() + pdfPad)
	s.style("B", pdfText, pdfInk)
	s.row(first, "Description", "Credits", "VAT", "Amount, net")
	s.SetY(s.GetY() + 2*pdfPad)
	s.style("", pdfText, pdfInk)
	s.row(first, v.Description, Hundredths(v.Credits), rateText(v), s.money(v, v.Net))
	s.SetY(s.GetY() + pdfPad)
	s.rule(pdfMargin, s.width)
	s.SetY(s.GetY() + pdfPad)
}

// row draws a line of the table; the first cell wraps.
func (s *sheet) row(first float64, cells ...string) {
	y := s.GetY()
	s.text(pdfMargin+pdfPad, first-2*pdfPad, cells[0])
	bottom := s.GetY()
	s.SetXY(pdfMargin+first, y)
	for i, w := range []float64{pdfQuantity, pdfRate, pdfAmount - pdfPad} {
		s.CellFormat(w, pdfLine, cells[i+1], "", 0, "R", false, 0, "")
	}
	s.SetY(max(bottom, y+pdfLine))
}

func (s *sheet) totals(v Invoice) {
	x := pdfMargin + s.width - pdfTotals
	sum := func(style, label string, cents int64) {
		s.style(style, pdfText, pdfInk)
		s.SetX(x)
		s.CellFormat(pdfTotals/2, pdfLine+1, label, "", 0, "L", false, 0, "")
		s.CellFormat(pdfTotals/2-pdfPad, pdfLine+1, s.money(v, cents), "", 1, "R", false, 0, "")
	}
	sum("", "Subtotal", v.Net)
	sum("", "VAT "+rateText(v), v.VAT)
	s.SetY(s.GetY() + pdfPad/2)
	s.rule(x, pdfTotals)
	s.SetY(s.GetY() + pdfPad/2)
	sum("B", "Total", v.Total)
	sum("", "Paid", v.Total)
	sum("B", "Amount due", 0)
	s.SetY(s.GetY() + pdfGap)
}

// closing writes the texts that the law requires, and how the invoice was paid.
func (s *sheet) closing(v Invoice) {
	if v.Note != "" {
		s.style("B", pdfText, pdfInk)
		s.text(pdfMargin, s.width, v.Note)
		s.SetY(s.GetY() + pdfPad)
	}
	s.style("", pdfText, pdfFaint)
	s.text(pdfMargin, s.width, fmt.Sprintf("Paid on %s. Payment reference: %s", v.IssuedAt.Format("2 January 2006"), v.PaymentID))

	s.end = s.GetY()
	_, height := s.GetPageSize()
	s.SetY(height - pdfFoot)
	s.rule(pdfMargin, s.width)
	s.SetY(s.GetY() + pdfPad)
	s.style("", pdfSmall, pdfFaint)
	s.CellFormat(s.width/2, pdfLine, s.fit(s.width/2-pdfGap, v.Seller.Name), "", 0, "L", false, 0, "")
	s.CellFormat(s.width/2, pdfLine, "Invoice "+v.Number+", page 1 of 1", "", 0, "R", false, 0, "")
}

func (s *sheet) style(style string, size float64, grey int) {
	s.SetFont("go", style, size)
	s.SetTextColor(grey, grey, grey)
}

// text writes a paragraph, wrapped to a width.
func (s *sheet) text(x, width float64, text string) {
	if text == "" {
		return
	}
	s.SetX(x)
	_, size := s.GetFontSize()
	s.MultiCell(width, size*pdfLeading, s.font.write(text), "", "L", false)
}

// fit cuts a line to a width.
func (s *sheet) fit(width float64, text string) string {
	r := []rune(s.font.write(text))
	for len(r) > 0 && s.GetStringWidth(string(r)) > width {
		r = r[:len(r)-1]
	}
	return string(r)
}

func (s *sheet) rule(x, width float64) {
	s.SetDrawColor(pdfRule, pdfRule, pdfRule)
	s.Line(x, s.GetY(), x+width, s.GetY())
}

func (*sheet) money(v Invoice, cents int64) string { return v.Currency + " " + Hundredths(cents) }

// rateText returns the rate of VAT, or why there is no VAT.
func rateText(v Invoice) string {
	if v.VATRule == ReverseCharge {
		return "reverse charge"
	}
	return strings.TrimSuffix(strings.TrimSuffix(Hundredths(v.VATRate), "0"), ".0") + " %"
}

// countryName returns a country's English name.
func countryName(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return display.English.Regions().Name(r)
}

// paragraph joins the lines that are not empty, one below the other.
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
