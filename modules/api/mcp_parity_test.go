package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/client/mcp"
)

// TestToolsTakeWhatTheAPITakes compares what create_pictures takes with the OpenAPI
// document: the same words and limits, and no field that the API doesn't have.
func TestToolsTakeWhatTheAPITakes(t *testing.T) {
	h := newHouse(t)
	var doc node
	if err := json.Unmarshal([]byte(h.do(t, http.MethodGet, "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	c, err := client.New("http://127.0.0.1:1", client.Options{}) // listing calls nobody
	if err != nil {
		t.Fatal(err)
	}
	here, there := sdk.NewInMemoryTransports()
	server, err := mcp.New(mcp.Options{Client: c}).Connect(t.Context(), here, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil).Connect(t.Context(), there, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tools, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools.Tools {
		if tool.Name != "create_pictures" && tool.Name != "quote" {
			continue
		}
		b, err := json.Marshal(tool.InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		var in node
		if err := json.Unmarshal(b, &in); err != nil {
			t.Fatal(err)
		}
		for _, side := range []struct {
			name       string
			tool, says node
		}{
			{"job", in.at("properties"), doc.at("components", "schemas", "NewJob", "properties")},
			{"item", in.at("properties", "items", "items", "properties"), doc.at("components", "schemas", "NewItem", "properties")},
		} {
			if len(side.tool) < 5 || len(side.says) < 5 {
				t.Fatalf("%s: %d fields of the tool, %d of the API", side.name, len(side.tool), len(side.says))
			}
			for name := range side.tool {
				t.Run(tool.Name+"/"+side.name+"/"+name, func(t *testing.T) {
					mine, theirs := side.tool.at(name), side.says.at(name)
					if theirs == nil {
						t.Fatal("the API has no such field")
					}
					for _, key := range []string{"description", "maxLength", "minItems", "maxItems", "minimum", "maximum"} {
						if theirs["$ref"] != nil || name == "items" && key == "description" {
							continue
						}
						if diff := cmp.Diff(theirs[key], mine[key]); diff != "" {
							t.Errorf("%s (-API +tool):\n%s", key, diff)
						}
					}
				})
			}
		}
	}
}
