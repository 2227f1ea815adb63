package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestAPictureIsPreviewedWithItsPrice(t *testing.T) {
	h := newHouse(t)
	h.server.UnknownWords = strings.Fields
	jobID, itemID := h.make(t, "t1")
	target := "/v1/jobs/" + jobID + "/items/" + itemID + "/preview?tenant_id=t1"
	a := h.do(t, http.MethodPost, target, `{"scene_type":"kitchen","scene_prompt":"whimsical","steering":{"x":0.4}}`)
	if v := a.json(t); a.status != http.StatusOK || v["image"] != "/9g=" || v["scene_type"] != "kitchen" || fmt.Sprint(v["unknown_words"]) != "[whimsical]" {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, "a wish that makes no sense", h.do(t, http.MethodPost, target, `{"steering":{"anchor":"sky"}}`), 422, "validation_failed")
	wantProblem(t, "no such item", h.do(t, http.MethodPost, "/v1/jobs/"+jobID+"/items/x/preview?tenant_id=t1", `{}`), 404, "item_not_found")
}

func TestAPhotoIsPreviewedInScenes(t *testing.T) {
	h := newHouse(t)
	ask := func(fields ...[2]string) answer {
		body, kind := pictureBody(t, append([][2]string{{"tenant_id", "t1"}}, fields...), nil)
		return h.do(t, http.MethodPost, "/v1/previews", body, "Content-Type", kind)
	}
	if a := ask([2]string{"scene_types", "studio,nature"}, [2]string{"brand_profile", `{"palette":["#1a7f5a"]}`}); a.status != http.StatusOK ||
		strings.Count(a.body, `"scene_type"`) != 2 || !strings.Contains(a.body, "draft #1a7f5a") || a.json(t)["found"] != true {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.server.UnknownWords = strings.Fields
	if a := ask([2]string{"scene_types", "studio"}, [2]string{"scene_prompt", "oak"}, [2]string{"brand_profile", `{"palette":[],"scene_prompt":"dusk","mood":"gloomy","keywords":["flurble","warm"]}`}); fmt.Sprint(a.json(t)["unknown_words"]) != "[oak dusk gloomy flurble warm]" {
		t.Errorf("the words of a brand that is edited: %s", a.body)
	}
	wantProblem(t, "no scenes", ask(), 422, "preview_scenes")
	wantProblem(t, "too many scenes", ask([2]string{"scene_types", strings.Repeat("studio,", MaxPreviewScenes+1)}), 422, "preview_scenes")
	wantProblem(t, "a brand that is no JSON", ask([2]string{"scene_types", "studio"}, [2]string{"brand_profile", "acme"}), 422, "brand_profile_malformed")
}
