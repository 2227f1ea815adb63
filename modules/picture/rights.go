package picture

// Rights are what a brand states of its pictures' rights. Each field may be empty.
type Rights struct {
	Creator      string `json:"creator,omitempty"`
	Copyright    string `json:"copyright,omitempty"`     // the notice, such as "© 2026 Acme"
	Credit       string `json:"credit,omitempty"`        // the line that is to be printed
	WebStatement string `json:"web_statement,omitempty"` // address of the terms of use
	Licensor     string `json:"licensor,omitempty"`      // who gives licences
	LicensorURL  string `json:"licensor_url,omitempty"`  // where they are to be had
}

// With returns the marks with a brand's rights in the place of the photo's: each one
// that the brand states. How the photo was made stays. m may be nil, and so is the
// result when nothing is stated.
func (m *Marks) With(r Rights) *Marks {
	if r == (Rights{}) {
		return m
	}
	var out Marks
	if m != nil {
		out = *m
	}
	if r.Creator != "" {
		out.Creators = []string{r.Creator}
	}
	if r.Licensor != "" || r.LicensorURL != "" { // they belong together
		out.Licensor, out.LicensorURL = r.Licensor, r.LicensorURL
	}
	for _, f := range []struct {
		into *string
		own  string
	}{{&out.Copyright, r.Copyright}, {&out.Credit, r.Credit}, {&out.WebStatement, r.WebStatement}} {
		if f.own != "" {
			*f.into = f.own
		}
	}
	return &out
}
