package channel

import "testing"

func TestPresetNames(t *testing.T) {
	for _, n := range []string{"amazon_main", "shopify", "etsy", "ebay", "google_shopping", "instagram_square", "instagram_portrait",
		"instagram_story", "pinterest", "facebook_ad", "web_large", "web_thumb", "cutout_png", "cutout_webp"} {
		if _, ok := Find(n); !ok {
			t.Errorf("there is no preset %s", n)
		}
	}
	if err := Validate([]string{"shopify", "moon"}); err == nil {
		t.Error("an unknown preset is taken")
	}
	if len(Defaults()) < 5 || Validate(Defaults()) != nil {
		t.Errorf("defaults %v", Defaults())
	}
}
