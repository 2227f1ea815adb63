package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
)

// shelf is own backgrounds whose files are nowhere.
type shelf struct{ *brand.Plates }

func (shelf) PlateURL(_ context.Context, p brand.Plate) (string, error) {
	return "http://127.0.0.1:1/" + p.Path, nil
}

type noFiles struct{}

func (noFiles) Prepare(_ context.Context, photo []byte) (brand.PreparedPlate, error) {
	return brand.PreparedPlate{File: photo, Width: 900, Height: 600, Guess: picture.Plate{Horizon: .5, Floor: [4]float64{0, .52, 1, 1}, LightAngle: 300, Softness: .6}}, nil
}
func (noFiles) Put(context.Context, string, []byte) error { return nil }
func (noFiles) UploadURL(_ context.Context, path string) (string, error) {
	return "http://127.0.0.1:1/" + path, nil
}
func (noFiles) Uploaded(context.Context, string) ([]byte, error) { return []byte("x"), nil }
func (noFiles) Delete(context.Context, string) error             { return nil }

// noPictures previews without drawing.
type noPictures struct{ jobs *memoryJobs }

func (p noPictures) OfItem(ctx context.Context, o job.Other) (Preview, error) {
	if _, err := p.jobs.Item(ctx, o.TenantID, o.JobID, o.ItemID); err != nil {
		return Preview{}, err
	}
	return Preview{SceneType: o.Scene, Image: []byte{0xff, 0xd8}, Width: 512, Height: 512, Box: [4]float64{.3, .2, .4, .6}, Concerns: []client.Concern{}}, o.Steering.Check()
}

func (noPictures) OfPhoto(_ context.Context, _ string, p PhotoPreview) (all []Preview, found bool, err error) {
	for _, s := range p.Scenes {
		name := p.Brand
		if p.Draft != nil {
			name = p.Draft.ID + " " + strings.Join(p.Draft.Palette, " ")
		}
		all = append(all, Preview{SceneType: s, Image: p.Photo, Note: name, Concerns: []client.Concern{}})
	}
	return all, true, nil
}

func TestOwnBackgrounds(t *testing.T) {
	h := newHouse(t)
	body, kind := pictureBody(t, [][2]string{{"tenant_id", "t1"}, {"name", "Oak table"}}, nil)
	a := h.do(t, http.MethodPost, "/v1/plates", body, "Content-Type", kind, "Idempotency-Key", "k")
	v := a.json(t)
	id, _ := v["plate_id"].(string)
	if a.status != http.StatusOK || v["name"] != "Oak table" || v["filename"] != "mug.jpg" || v["scene_type"] != "plate:"+id || id == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if notes := fmt.Sprint(v["notes"]); !strings.Contains(notes, "set its horizon") {
		t.Errorf("nothing is said of an end of the floor that was not found: %s", a.body)
	}
	target := "/v1/plates/" + id
	a = h.do(t, http.MethodPatch, target+"?tenant_id=t1", `{"horizon":0.7,"light_angle":90}`)
	about, _ := a.json(t)["about"].(map[string]any)
	if a.status != http.StatusOK || about["horizon"] != .7 || about["light_angle"] != 90.0 || about["softness"] != .6 || a.json(t)["notes"] != nil {
		t.Errorf("corrected: %d %s", a.status, a.body)
	}
	wantProblem(t, "a horizon that is none", h.do(t, http.MethodPatch, target+"?tenant_id=t1", `{"horizon":3}`), 422, "plate_invalid")
	for body, code := range map[string]string{`{"frame_mm":0}`: "plate_invalid", `{"name":""}`: "plate_name_invalid", `{"reset":["horzion"]}`: "plate_invalid", `{"floor":[0,0.5]}`: "validation_failed"} {
		wantProblem(t, body, h.do(t, http.MethodPatch, target+"?tenant_id=t1", body), 422, code)
	}
	a = h.do(t, http.MethodPatch, target+"?tenant_id=t1", `{"reset":["horizon"]}`)
	if v := a.json(t); a.status != http.StatusOK || fmt.Sprint(v["about"].(map[string]any)["horizon"], v["about"].(map[string]any)["floor"]) != fmt.Sprint(v["guess"].(map[string]any)["horizon"], v["guess"].(map[string]any)["floor"]) {
		t.Errorf("back at the guess: %d %s", a.status, a.body)
	}
	wantProblem(t, "another tenant's", h.do(t, http.MethodGet, target+"?tenant_id=t2", ""), 404, "plate_not_found")
	blank, blankKind := pictureBody(t, [][2]string{{"tenant_id", "t1"}, {"name", ""}}, nil)
	wantProblem(t, "no name", h.do(t, http.MethodPost, "/v1/plates", blank, "Content-Type", blankKind), 422, "plate_name_invalid")
	for _, name := range []string{"", `,"name":"Table"`} {
		wantProblem(t, "a file name with a control character", h.do(t, http.MethodPost, "/v1/plates/uploads", `{"tenant_id":"t1","filename":"a\u0000.jpg"`+name+`}`), 422, "plate_filename_invalid")
	}
	wantProblem(t, "an id that can't be", h.do(t, http.MethodDelete, "/v1/plates/a%20b?tenant_id=t1", ""), 404, "plate_not_found")
	wantProblem(t, "no file", h.do(t, http.MethodPost, "/v1/plates", strings.ReplaceAll(body, "file", "flie"), "Content-Type", kind), 422, "file_missing")
	if a := h.do(t, http.MethodGet, "/v1/plates?tenant_id=t1", ""); a.status != http.StatusOK || strings.Count(a.body, `"plate_id"`) != 1 {
		t.Errorf("listed: %d %s", a.status, a.body)
	}
	a = h.do(t, http.MethodPost, "/v1/brand-profiles?tenant_id=t1", fmt.Sprintf(`{"name":"Acme","plates":[%q],"steering":{"light_angle":270,"shadow":{"softness":0.8}}}`, id))
	if v := a.json(t); a.status != http.StatusOK || fmt.Sprint(v["plates"]) != "["+id+"]" || fmt.Sprint(v["steering"]) != "map[light_angle:270 shadow:map[softness:0.8]]" {
		t.Errorf("a brand's: %d %s", a.status, a.body)
	}
	wantProblem(t, "deleted while a brand has it", h.do(t, http.MethodDelete, target+"?tenant_id=t1", ""), 409, "plate_in_use")
	h.do(t, http.MethodDelete, "/v1/brand-profiles/acme?tenant_id=t1", "")
	if a := h.do(t, http.MethodDelete, target+"?tenant_id=t1", ""); a.status != http.StatusOK {
		t.Errorf("deleted: %d %s", a.status, a.body)
	}
}

func TestAnOwnBackgroundIsUploaded(t *testing.T) {
	h := newHouse(t)
	const ask = `{"tenant_id":"t1","filename":"C:\\table.jpg"}`
	a := h.do(t, http.MethodPost, "/v1/plates/uploads", ask, "Idempotency-Key", "k")
	v := a.json(t)
	id, _ := v["plate_id"].(string)
	if a.status != http.StatusOK || id == "" || v["scene_type"] != "plate:"+id || !strings.Contains(fmt.Sprint(v["upload_url"]), "/t1/plates/"+id+"/") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if again := h.do(t, http.MethodPost, "/v1/plates/uploads", ask, "Idempotency-Key", "k"); again.json(t)["plate_id"] != id {
		t.Errorf("repeated: %d %s", again.status, again.body)
	}
	target := "/v1/plates/" + id
	wantProblem(t, "before it is complete", h.do(t, http.MethodGet, target+"?tenant_id=t1", ""), 404, "plate_not_found")
	wantProblem(t, "another tenant's", h.do(t, http.MethodPost, target+"/complete?tenant_id=t2", ""), 404, "plate_not_found")
	for range 2 {
		if a := h.do(t, http.MethodPost, target+"/complete?tenant_id=t1", ""); a.status != http.StatusOK || a.json(t)["plate_id"] != id || a.json(t)["name"] != "table.jpg" {
			t.Errorf("completed: %d %s", a.status, a.body)
		}
	}
	wantProblem(t, "no name", h.do(t, http.MethodPost, "/v1/plates/uploads", `{"tenant_id":"t1","filename":""}`), 422, "validation_failed")
	wantProblem(t, "an id that can't be", h.do(t, http.MethodPost, "/v1/plates/a%20b/complete?tenant_id=t1", ""), 404, "plate_not_found")
	h.do(t, http.MethodDelete, target+"?tenant_id=t1", "")
}

func TestAPictureIsRemade(t *testing.T) {
	h := newHouse(t)
	jobID, itemID := h.make(t, "t1")
	target := "/v1/jobs/" + jobID + "/items/" + itemID + "/remake?tenant_id=t1"
	a := h.do(t, http.MethodPost, target, `{"scene_type":"kitchen","steering":{"x":0.4,"flip":true,"seed":7}}`)
	if v := a.json(t); a.status != http.StatusOK || v["remake_of"] != itemID || v["item_id"] == itemID || v["status"] != "queued" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	wantProblem(t, "a wish that makes no sense", h.do(t, http.MethodPost, target, `{"steering":{"anchor":"sky"}}`), 422, "validation_failed")
	for body, says := range map[string]string{
		`{"steering":{"anchor":""}}`: "floor, bottom, top, left, right", `{"steering":{"scale":0}}`: "steering.scale", `{"steering":{"height_mm":0}}`: "steering.height_mm",
		`{"steering":{"frame_mm":0}}`: "steering.frame_mm", `{"scene_type":""}`: "scene_type",
	} {
		a := h.do(t, http.MethodPost, target, body)
		if a.status != 422 || !strings.Contains(a.body, says) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	wantProblem(t, "no such item", h.do(t, http.MethodPost, "/v1/jobs/"+jobID+"/items/x/remake?tenant_id=t1", `{}`), 404, "item_not_found")
}
