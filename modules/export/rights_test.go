package export

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
)

// A brand's rights are in each file; what the brand doesn't state is the photo's. After
// the brand changed them, files made anew state the new ones.
func TestFilesStateTheBrandsRights(t *testing.T) {
	l := scenery(60, 80)
	l.Marks = &picture.Marks{SourceType: "trainedAlgorithmicMedia", Creators: []string{"Ann"}, Copyright: "© Ann"}
	l.Rights = picture.Rights{Copyright: "© Acme", Credit: "Acme"}
	for _, preset := range []string{"web_thumb", "facebook_ad"} {
		t.Run(preset, func(t *testing.T) {
			err := Render(t.Context(), l, []string{preset}, func(v Variant) error {
				want := &picture.Marks{SourceType: "trainedAlgorithmicMedia", Creators: []string{"Ann"}, Copyright: "© Acme", Credit: "Acme"}
				if d := cmp.Diff(want, provenance.Read(v.File)); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
