package invoice

import (
	"regexp"
	"strings"
)

// HomeCountry is where the seller is registered for VAT.
const HomeCountry = "NL"

// The rules that a sale's VAT follows.
const (
	Standard      = "standard"       // the buyer's country's standard rate
	ReverseCharge = "reverse_charge" // a business elsewhere in the EU accounts for it
	OutsideEU     = "outside_eu"     // not an EU supply
)

// euVAT is the member states' standard rates, which electronic services have, in
// hundredths of a percent, as the European Commission publishes them for November
// 2026, and the form of their VAT ids without the country's prefix. The last
// changes: LU 17 % (2024-01), EE 22 % (2024-01), FI 25.5 % (2024-09), SK 23 %
// (2025-01), EE 24 % (2025-07), RO 21 % (2025-08). A change of a rate replaces it
// here on its day: payments keep the rate that they were made with.
var euVAT = map[string]struct {
	rate int64
	id   *regexp.Regexp
}{
	"AT": {2000, form(`U\d{8}`)}, "BE": {2100, form(`[01]\d{9}`)}, "BG": {2000, form(`\d{9,10}`)}, "HR": {2500, form(`\d{11}`)},
	"CY": {1900, form(`\d{8}[A-Z]`)}, "CZ": {2100, form(`\d{8,10}`)}, "DK": {2500, form(`\d{8}`)}, "EE": {2400, form(`\d{9}`)},
	"FI": {2550, form(`\d{8}`)}, "FR": {2000, form(`[0-9A-Z]{2}\d{9}`)}, "DE": {1900, form(`\d{9}`)}, "GR": {2400, form(`\d{9}`)},
	"HU": {2700, form(`\d{8}`)}, "IE": {2300, form(`\d[0-9A-Z+*]\d{5}[A-Z]{1,2}`)}, "IT": {2200, form(`\d{11}`)}, "LV": {2100, form(`\d{11}`)},
	"LT": {2100, form(`\d{9}|\d{12}`)}, "LU": {1700, form(`\d{8}`)}, "MT": {1800, form(`\d{8}`)}, "NL": {2100, form(`[0-9A-Z+*]{9}B\d{2}`)},
	"PL": {2300, form(`\d{10}`)}, "PT": {2300, form(`\d{9}`)}, "RO": {2100, form(`\d{2,10}`)}, "SK": {2300, form(`\d{10}`)},
	"SI": {2200, form(`\d{8}`)}, "ES": {2100, form(`[0-9A-Z]\d{7}[0-9A-Z]`)}, "SE": {2500, form(`\d{12}`)},
}

func form(s string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + s + `)$`) }

// vatPrefix returns the letters that a country's VAT ids begin with.
func vatPrefix(country string) string {
	if country == "GR" {
		return "EL"
	}
	return country
}

// cleanVATID drops the characters that people put between the parts of a VAT
// id.
func cleanVATID(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(s))
}

// checkVATID fails for an id that is not of the country's form. Whether it is
// registered, only the authorities know.
func checkVATID(country, id string) error {
	if country == "MC" {
		country = "FR"
	}
	c, eu := euVAT[country]
	if id == "" || !eu {
		return nil
	}
	rest, ok := strings.CutPrefix(id, vatPrefix(country))
	if !ok || !c.id.MatchString(rest) {
		return ErrCustomer.With("vat_id %.20q is not of the form that %s gives out; it begins with %s", id, country, vatPrefix(country))
	}
	return nil
}

// VATFor returns the rule and rate (hundredths of a percent) of a sale by a
// seller in one country to a customer.
func VATFor(seller string, c Customer) (rule string, rate int64) {
	country := c.Country
	if country == "MC" { // Monaco is part of France's VAT territory
		country = "FR"
	}
	v, eu := euVAT[country]
	switch {
	case !eu:
		return OutsideEU, 0
	case country != seller && c.VATID != "":
		return ReverseCharge, 0
	}
	return Standard, v.rate
}

// hundredPercent is 100 % as a VAT rate.
const hundredPercent = 10_000

// VATOn returns the VAT on an amount of cents, rounded half up.
func VATOn(net, rate int64) int64 { return (net*rate + hundredPercent/2) / hundredPercent }
