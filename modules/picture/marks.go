package picture

// Marks are what a photo states of its making and of its rights. Pictures made of it
// state them, too.
type Marks struct {
	SourceType   string   `json:"source_type,omitempty"` // IPTC's digital source type, without the vocabulary's address
	Creators     []string `json:"creators,omitempty"`
	Copyright    string   `json:"copyright,omitempty"`
	Credit       string   `json:"credit,omitempty"`
	WebStatement string   `json:"web_statement,omitempty"`
	Licensor     string   `json:"licensor,omitempty"`
	LicensorURL  string   `json:"licensor_url,omitempty"`
	C2PA         bool     `json:"c2pa,omitempty"` // a manifest of content credentials was in the photo
}

// Empty reports whether nothing is stated.
func (m *Marks) Empty() bool {
	return m.SourceType == "" && len(m.Creators) == 0 && m.Copyright == "" && m.Credit == "" && m.WebStatement == "" && m.Licensor == "" && m.LicensorURL == "" && !m.C2PA
}
