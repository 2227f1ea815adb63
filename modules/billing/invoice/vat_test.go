package invoice

import (
	"strconv"
	"testing"
)

func TestVAT(t *testing.T) {
	if len(euVAT) != 27 {
		t.Errorf("%d member states", len(euVAT))
	}
	for country, c := range euVAT {
		t.Run(country, func(t *testing.T) {
			if c.rate < 1700 || c.rate > 2700 {
				t.Errorf("has %d", c.rate)
			}
		})
	}
	for _, c := range []struct {
		name     string
		customer Customer
		rule     string
		rate     int64
	}{
		{"at home", Customer{Country: "NL"}, Standard, 2100},
		{"a company at home", Customer{Country: "NL", VATID: "NL123456789B01"}, Standard, 2100},
		{"a consumer elsewhere", Customer{Country: "FI"}, Standard, 2550},
		{"a company elsewhere", Customer{Country: "FI", VATID: "FI12345678"}, ReverseCharge, 0},
		{"a consumer in Monaco", Customer{Country: "MC"}, Standard, 2000},
		{"a company in Monaco", Customer{Country: "MC", VATID: "FR12345678901"}, ReverseCharge, 0},
		{"Switzerland", Customer{Country: "CH"}, OutsideEU, 0},
		{"Britain", Customer{Country: "GB", VATID: "GB123456789"}, OutsideEU, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if rule, rate := VATFor("NL", c.customer); rule != c.rule || rate != c.rate {
				t.Errorf("%s %d", rule, rate)
			}
		})
	}
	for id, country := range map[string]string{
		"ATU12345678": "AT", "BE0123456789": "BE", "BG123456789": "BG", "CY12345678X": "CY", "CZ12345678": "CZ", "DE123456789": "DE", "DK12345678": "DK", "EE123456789": "EE",
		"EL123456789": "GR", "ESX1234567X": "ES", "FI12345678": "FI", "FRXX123456789": "FR", "HR12345678901": "HR", "HU12345678": "HU", "IE1234567WA": "IE", "IT12345678901": "IT",
		"LT123456789012": "LT", "LU12345678": "LU", "LV12345678901": "LV", "MT12345678": "MT", "NL123456789B01": "NL", "PL1234567890": "PL", "PT123456789": "PT", "RO1234567890": "RO",
		"SE123456789001": "SE", "SI12345678": "SI", "SK1234567890": "SK",
	} {
		t.Run(id, func(t *testing.T) {
			if err := checkVATID(country, id); err != nil {
				t.Error(err)
			}
			if err := checkVATID(country, id+"00000"); err == nil {
				t.Error("passed with five digits more")
			}
		})
	}
	// half a cent is rounded up
	for net, want := range map[int64]int64{1000: 210, 2500: 525, 150: 32, 50: 11, 0: 0} {
		t.Run(strconv.FormatInt(net, 10), func(t *testing.T) {
			if got := VATOn(net, 2100); got != want {
				t.Errorf("21 %% is %d, want %d", got, want)
			}
		})
	}
}
