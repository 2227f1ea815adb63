package hosted

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/pipeline/answer"
)

// Photoroom is Photoroom's Remove Background API: see
// https://docs.photoroom.com/remove-background-api-basic-plan. Its confidence is
// 1 less the service's uncertainty.
var Photoroom = API{
	Name: "photoroom", title: "Photoroom", url: "https://sdk.photoroom.com", path: "/v1/segment",
	fields: []egress.Part{
		egress.Field("format", "png"), egress.Field("channels", "rgba"), egress.Field("size", "full"), egress.Field("crop", "false"),
	},
	accept: "image/png, application/json", code: photoroomCode, confidence: photoroomConfidence,
	faults: answer.Faults("Photoroom", "PHOTOROOM_API_KEY"),
}

// photoroomConfidence reads the header, which holds 0 (sure) to 1 (unsure), or −1
// where the service can't tell.
func photoroomConfidence(h http.Header) float64 {
	u, err := strconv.ParseFloat(h.Get("x-uncertainty-score"), 64)
	if err != nil || !(u >= 0 && u <= 1) {
		return -1
	}
	return 1 - u
}

// photoroomCode reads {"type":"…"}. Other forms of the service's errors hold free
// text alone.
func photoroomCode(body []byte) string {
	var p struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &p) != nil {
		return ""
	}
	return p.Type
}
