package invoice

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrCustomer names the fault in a buyer's details.
var ErrCustomer = fault.New(fault.Invalid, "customer_invalid", "The billing details are wrong")

// Customer is who a tenant's invoices are made out to.
type Customer struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Address string `json:"address"` // lines separated by \n
	Country string `json:"country"` // ISO 3166-1, two letters; "": the seller's country
	VATID   string `json:"vat_id"`  // with the country's prefix; "": a consumer
}

// Bounds of a customer's fields, in characters, and of an address in lines, so
// that an invoice is one page.
const (
	maxName         = 200
	maxAddress      = 500
	maxAddressLines = 8
)

// otherCodes are codes in use for countries that ISO 3166-1 names otherwise.
var otherCodes = map[string]string{"EL": "GR", "UK": "GB"}

// countryCode checks a country's code: an invented one would be outside the EU,
// and free of VAT.
func countryCode(s string) (string, error) {
	if iso, ok := otherCodes[s]; ok {
		s = iso
	}
	r, err := language.ParseRegion(s)
	if err != nil || !r.IsCountry() || r.String() != s || len(s) != 2 {
		return s, ErrCustomer.With("country must be a country's two letters, such as NL")
	}
	return s, nil
}

// Clean returns the details as they are kept: trimmed, with the seller's country
// where none is given. ErrCustomer when they can't be printed or contradict each
// other.
func (c Customer) Clean(seller string) (Customer, error) {
	c.Name, c.Email, c.Address = strings.TrimSpace(c.Name), strings.TrimSpace(c.Email), strings.TrimSpace(strings.ReplaceAll(c.Address, "\r\n", "\n"))
	c.Country, c.VATID = strings.ToUpper(strings.TrimSpace(c.Country)), cleanVATID(c.VATID)
	if c.Country == "" {
		c.Country = seller
	}
	var err error
	if c.Country, err = countryCode(c.Country); err != nil {
		return c, err
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"name", c.Name, maxName}, {"email", c.Email, maxName}, {"vat_id", c.VATID, maxName}, {"address", c.Address, maxAddress}} {
		if !utf8.ValidString(f.value) || utf8.RuneCountInString(f.value) > f.limit ||
			strings.ContainsFunc(f.value, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || f.name != "address") }) {
			return c, ErrCustomer.With("%s must be at most %d characters, without control characters", f.name, f.limit)
		}
	}
	if strings.Count(c.Address, "\n") >= maxAddressLines {
		return c, ErrCustomer.With("address must be at most %d lines", maxAddressLines)
	}
	if c.Email != "" {
		if _, err := mail.ParseAddress(c.Email); err != nil {
			return c, ErrCustomer.With("email must be an address")
		}
	}
	if err := checkVATID(c.Country, c.VATID); err != nil {
		return c, err
	}
	if c.VATID != "" && (c.Name == "" || c.Address == "") {
		return c, ErrCustomer.With("a company's invoice must have its name and address: set both beside vat_id")
	}
	return c, nil
}
