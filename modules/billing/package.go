package billing

// Package is an amount of credits with a price.
type Package struct {
	Name     string `json:"package"`
	Title    string `json:"title"`
	Credits  int64  `json:"credits"` // hundredths of a credit
	Net      int64  `json:"net"`     // cents, before VAT
	Currency string `json:"currency"`
}

// DefaultPackages are sold where no others are set. They can change: each
// payment keeps the package that it was made for.
var DefaultPackages = []Package{
	{Name: "starter", Title: "100 credits", Credits: 100_00, Net: 19_00, Currency: "EUR"},
	{Name: "studio", Title: "500 credits", Credits: 500_00, Net: 79_00, Currency: "EUR"},
	{Name: "catalogue", Title: "2,500 credits", Credits: 2500_00, Net: 299_00, Currency: "EUR"},
}

// Packages returns the packages that can be bought.
func (s *Service) Packages() []Package { return s.o.Packages }

// Payable reports whether anything can be bought: a payment provider is set up.
func (s *Service) Payable() bool { return s.o.Mollie != nil }

func (s *Service) findPackage(name string) (Package, error) {
	for _, p := range s.o.Packages {
		if p.Name == name {
			return p, nil
		}
	}
	return Package{}, ErrPackage.With("%.40q", name)
}
