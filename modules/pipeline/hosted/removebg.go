package hosted

import (
	"encoding/json"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/pipeline/answer"
)

// RemoveBG is the remove.bg API, version 1.0: see https://www.remove.bg/api. It
// gives no confidence.
var RemoveBG = API{
	Name: "removebg", title: "remove.bg", url: "https://api.remove.bg", path: "/v1.0/removebg",
	fields: []egress.Part{
		egress.Field("size", "auto"), // the largest that the photo and the credits allow
		egress.Field("format", "png"),
		egress.Field("type", "product"),
	},
	accept: "image/png", code: removeBGCode, nothing: "unknown_foreground",
	faults: answer.Faults("remove.bg", "REMOVEBG_API_KEY"),
}

// removeBGCode reads {"errors":[{"code":"…"}]}.
func removeBGCode(body []byte) string {
	var p struct {
		Errors []struct {
			Code string `json:"code"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &p) != nil || len(p.Errors) == 0 {
		return ""
	}
	return p.Errors[0].Code
}
