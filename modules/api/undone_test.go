package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// undoing are wishes of one body, and the fields of the two of which one leaves the other nothing to
// do; without fields they go together.
var undoing = map[string]struct{ wishes, one, other string }{
	"no shadow, and strong":         {`{"shadow":{"off":true,"strength":1}}`, "steering.shadow.off", "steering.shadow.strength"},
	"no shadow, and a direction":    {`{"shadow":{"off":true,"direction":0}}`, "steering.shadow.off", "steering.shadow.direction"},
	"no shadow, and soft":           {`{"shadow":{"off":true,"softness":0.5}}`, "steering.shadow.off", "steering.shadow.softness"},
	"no shadow, and long":           {`{"shadow":{"off":true,"length":2}}`, "steering.shadow.off", "steering.shadow.length"},
	"no shadow, said twice":         {`{"shadow":{"off":true,"strength":0}}`, "", ""},
	"at the left, and x":            {`{"anchor":"left","x":0.3}`, "steering.anchor", "steering.x"},
	"at the top, and y":             {`{"anchor":"top","y":0.3}`, "steering.anchor", "steering.y"},
	"at the left, and y":            {`{"anchor":"left","y":0.3}`, "", ""},
	"on the floor, and x":           {`{"anchor":"floor","x":0.3,"y":0.8}`, "", ""},
	"a shadow towards its light":    {`{"light_angle":350,"shadow":{"direction":20}}`, "steering.shadow.direction", "steering.light_angle"},
	"a shadow away from its light":  {`{"light_angle":300,"shadow":{"direction":120}}`, "", ""},
	"a real size that is shown big": {`{"height_mm":100,"scale":2}`, "", ""},
}

func TestTheAPIRefusesWishesThatUndoEachOther(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newRealHouse(t, d)
		for name, c := range undoing {
			t.Run(name, func(t *testing.T) {
				wantUndone(t, h.post(t, "/v1/jobs", `{"tenant_id":"t1","items":[{"filename":"a.jpg"},{"filename":"b.jpg","steering":`+c.wishes+`}]}`), "items[1].", c.one, c.other)
				wantUndone(t, h.post(t, "/v1/brand-profiles", fmt.Sprintf(`{"tenant_id":"t1","name":"%s","steering":%s}`, name, c.wishes)), "", c.one, c.other)
				look := h.post(t, "/v1/brand-profiles", fmt.Sprintf(`{"tenant_id":"t1","name":"%s, as a look","looks":[{"name":"A"},{"name":"B","steering":%s}]}`, name, c.wishes))
				wantUndone(t, look, "looks[1].", c.one, c.other)
			})
		}
	})
}

func TestABrandsWishesThatUndoEachOtherAreRefused(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newRealHouse(t, d)
		for name, c := range map[string]struct{ profile, one, other string }{
			"light from both sides":        {`"light_direction":"left","steering":{"light_angle":90}`, "light_direction", "steering.light_angle"},
			"light from one side":          {`"light_direction":"right","steering":{"light_angle":90}`, "", ""},
			"light from behind":            {`"light_direction":"left","steering":{"light_angle":180}`, "", ""},
			"light from anywhere":          {`"light_direction":"auto","steering":{"light_angle":90}`, "", ""},
			"a shadow to the light's side": {`"light_direction":"right","steering":{"shadow":{"direction":90}}`, "steering.shadow.direction", "light_direction"},
			"a shadow to the other":        {`"light_direction":"right","steering":{"shadow":{"direction":270}}`, "", ""},
			"a share and a real size":      {`"product_fill":0.5,"steering":{"height_mm":100}`, "product_fill", "steering.height_mm"},
			"the same, where a look frames": {
				`"product_fill":0.5,"steering":{"height_mm":100},"looks":[{"name":"As it was","scene_types":["crop_original"]}]`, "", ""},
			"a share, larger": {`"product_fill":0.5,"steering":{"scale":1.2}`, "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				wantUndone(t, h.post(t, "/v1/brand-profiles", fmt.Sprintf(`{"tenant_id":"t1","name":"%s",%s}`, name, c.profile)), "", c.one, c.other)
			})
		}
		h.post(t, "/v1/brand-profiles", `{"tenant_id":"t1","name":"Acme","light_direction":"left","product_fill":0.5}`)
		over := h.post(t, "/v1/jobs", `{"tenant_id":"t1","brand_profile_id":"acme","items":[{"filename":"a.jpg","steering":{"light_angle":90,"height_mm":100}}]}`)
		wantUndone(t, over, "", "", "") // an item's wishes stand over its brand's
	})
}

func TestScenesOfAJobThatMakesNone(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newRealHouse(t, d)
		order := func(scenes string) answer {
			return h.post(t, "/v1/jobs", `{"tenant_id":"t1","processing_options":{"generate_scene":false},"items":[{"filename":"a.jpg"`+scenes+`}]}`)
		}
		wantUndone(t, order(`,"scene_types":["kitchen","plate:abc"]`), "", "items[0].scene_types", "processing_options.generate_scene")
		for scenes, note := range map[string]bool{"": false, `,"scene_types":["kitchen","office"]`: true, `,"scene_count":2`: false} {
			a := order(scenes)
			if a.status != http.StatusOK || strings.Contains(a.body, "no scene is made") != note {
				t.Errorf("%q: %d %s", scenes, a.status, a.body)
			}
		}
		if a := h.post(t, "/v1/jobs", `{"tenant_id":"t1","items":[{"filename":"a.jpg","scene_types":["kitchen"]}]}`); a.status != http.StatusOK || strings.Contains(a.body, "no scene is made") {
			t.Errorf("with a scene: %d %s", a.status, a.body)
		}
	})
}

// wantUndone holds an answer against the two fields, within a part of the body, that it refuses
// together; "": it refuses nothing.
func wantUndone(t *testing.T, a answer, within, one, other string) {
	t.Helper()
	if one == "" {
		if a.status != http.StatusOK {
			t.Errorf("refused: %d %s", a.status, a.body)
		}
		return
	}
	wantProblem(t, "wishes that undo each other", a, http.StatusUnprocessableEntity, "steering_invalid")
	named := map[any]bool{}
	list, _ := a.json(t)["errors"].([]any)
	for _, e := range list {
		named[e.(map[string]any)["location"]] = true
	}
	for _, field := range []string{one, other} {
		if field = within + field; len(list) != 2 || !named["body."+field] || !strings.Contains(a.body, field) {
			t.Errorf("%s is not named: %s", field, a.body)
		}
	}
}
