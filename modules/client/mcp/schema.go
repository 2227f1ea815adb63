package mcp

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/client"
)

// node is an object of a JSON schema.
type node = map[string]any

// input returns a tool's input schema. Fields that the API has, too, are described by
// the client's types, as in the OpenAPI document.
func (s *server) input(name string) any {
	job, item := fields(reflect.TypeFor[client.NewJob]()), fields(reflect.TypeFor[client.NewItem]())
	jobID := node{"type": "string", "maxLength": 64, "description": "The job, as create_pictures and list_jobs answer it"}
	itemID := node{"type": "string", "maxLength": 64, "description": "An item of the job, as wait_for_job answers it"}
	switch name {
	case "quote", "create_pictures":
		photo := node{}
		for _, f := range photoFields {
			photo[f] = item[f]
		}
		if s.Files != nil {
			photo["file"] = node{"type": "string", "maxLength": 4096, "description": "The photo's file, below " + s.Files.names()}
		}
		all := node{"items": node{"type": "array", "minItems": 1, "maxItems": 100, "description": job["items"].(node)["description"],
			"items": object(photo)}}
		for _, f := range jobFields {
			all[f] = job[f]
		}
		return object(all, "items")
	case "start_job", "cancel_job":
		return object(node{"job_id": jobID}, "job_id")
	case "wait_for_job":
		return object(node{"job_id": jobID, "seconds": node{"type": "integer", "minimum": 0, "maximum": s.MaxWait,
			"description": "How long to wait; left out: as long as can be, " + strconv.Itoa(s.MaxWait)}}, "job_id")
	case "list_jobs":
		return object(node{"cursor": node{"type": "string", "maxLength": 100, "description": "next_cursor of the page before"},
			"limit": node{"type": "integer", "minimum": 1, "maximum": 200, "description": "Jobs of a page; left out: 20"}})
	case "look":
		return object(node{"job_id": jobID, "item_id": itemID, "what": node{"type": "string", "maxLength": 64,
			"description": "picture (left out: that), cutout, or the name of a preset of the job"}}, "job_id", "item_id")
	case "check":
		return object(node{"job_id": jobID, "item_id": itemID, "channel": node{"type": "string", "maxLength": 100,
			"description": "A channel (Amazon) or preset (amazon_main); left out: all that the job has"}}, "job_id")
	case "add_presets":
		return object(node{"job_id": jobID, "item_id": itemID, "presets": fields(reflect.TypeFor[client.NewExports]())["presets"]}, "job_id", "item_id", "presets")
	case "download":
		return object(node{"job_id": jobID, "item_id": itemID, "presets": node{"type": "array", "maxItems": 100, "items": node{"type": "string"},
			"description": "Names of presets; left out: all that are finished"}}, "job_id")
	}
	return object(node{})
}

// The API's fields that orders take, of a job and of its items.
var (
	jobFields   = []string{"brand_profile_id", "presets", "processing_options", "review", "review_below"}
	photoFields = []string{"filename", "source_url", "scene_prompt", "scene_types", "scene_count", "steering", "sku", "gtin", "asin", "slot", "title", "set_id"}
)

func object(properties node, required ...string) node {
	out := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// fields returns the schemas of a type's JSON fields, from the tags by which the API
// describes them.
func fields(t reflect.Type) node {
	out := node{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		s := typed(f.Type)
		if d := f.Tag.Get("doc"); d != "" {
			s["description"] = d
		}
		if e := f.Tag.Get("enum"); e != "" {
			s["enum"] = strings.Split(e, ",")
		}
		for _, limit := range []string{"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"} {
			if n, err := strconv.ParseFloat(f.Tag.Get(limit), 64); err == nil {
				s[limit] = n
			}
		}
		out[name] = s
	}
	return out
}

// typed returns the schema of a type of the client's requests.
func typed(t reflect.Type) node {
	switch t.Kind() {
	case reflect.Pointer:
		return typed(t.Elem())
	case reflect.Slice:
		return node{"type": "array", "items": typed(t.Elem())}
	case reflect.Struct:
		return object(fields(t))
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return node{"type": "integer"}
	case reflect.Float64:
		return node{"type": "number"}
	}
	return node{"type": "string"}
}
