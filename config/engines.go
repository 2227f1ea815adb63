package config

import (
	"net/url"
	"slices"
	"strings"
)

// CutoutEngines are the values of CUTOUT_ENGINE.
var CutoutEngines = []string{"studio", "azureml", "removebg", "photoroom"}

// PlaceEngines are the values of PLACE_ENGINE.
var PlaceEngines = []string{"score", "openai"}

// retiredEngine was an engine of Azure AI Vision.
const retiredEngine = "azure-vision"

// editsPath ends the paths of images-edit endpoints.
const editsPath = "/images/edits"

// engines checks the settings of the two engines that were chosen.
func (c *Config) engines() (bad []string) {
	say := func(cond bool, text string) {
		if cond {
			bad = append(bad, text)
		}
	}
	switch c.Cutout.Engine {
	case "studio":
	case "azureml":
		say(!absolute(c.Cutout.EndpointURL), "CUTOUT_ENDPOINT_URL is missing or not a URL: https://<endpoint>.<region>.inference.ml.azure.com/score")
	case "removebg":
		say(c.RemoveBG.APIKey == "", "REMOVEBG_API_KEY is missing: CUTOUT_ENGINE is removebg")
		say(!absolute(c.RemoveBG.APIURL), "REMOVEBG_API_URL must be a URL")
	case "photoroom":
		say(c.Photoroom.APIKey == "", "PHOTOROOM_API_KEY is missing: CUTOUT_ENGINE is photoroom")
		say(!absolute(c.Photoroom.APIURL), "PHOTOROOM_API_URL must be a URL")
	case retiredEngine:
		say(true, "CUTOUT_ENGINE=azure-vision can't be used: Microsoft retired Azure AI Vision's background removal on 31 March 2025; "+
			"set CUTOUT_ENGINE=azureml with a model of your own on an endpoint (CUTOUT_ENDPOINT_URL), removebg, photoroom or studio")
	default:
		say(true, "CUTOUT_ENGINE must be "+either(CutoutEngines))
	}
	say(!slices.Contains(PlaceEngines, c.Place.Engine), "PLACE_ENGINE must be "+either(PlaceEngines))
	if c.Place.Engine == "openai" {
		bad = append(bad, c.Place.check()...)
	}
	return bad
}

// check looks at an images-edit endpoint's settings.
func (p *Place) check() (bad []string) {
	u, err := url.Parse(p.EndpointURL)
	if err != nil || !absolute(p.EndpointURL) || !strings.HasSuffix(u.Path, editsPath) {
		return []string{"PLACE_ENDPOINT_URL is missing or not the URL of an images-edit endpoint: https://api.openai.com/v1/images/edits, or " +
			"https://<name>.openai.azure.com/openai/deployments/<deployment>/images/edits?api-version=<version>"}
	}
	if strings.HasPrefix(u.Path, "/openai/deployments/") && u.Query().Get("api-version") == "" {
		bad = append(bad, "PLACE_ENDPOINT_URL lacks ?api-version=<version>, such as 2025-04-01-preview")
	}
	if p.EndpointKey == "" && !strings.HasPrefix(u.Path, "/openai/") {
		bad = append(bad, "PLACE_ENDPOINT_KEY is missing: only Azure's endpoints take the managed identity")
	}
	if !slices.Contains([]string{"", "low", "medium", "high"}, p.Quality) {
		bad = append(bad, "PLACE_QUALITY must be low, medium or high")
	}
	return bad
}

// EngineURL is where a chosen engine other than the scoring endpoint is reached.
type EngineURL struct{ Engine, Setting, URL string }

// EngineURLs lists them.
func (c *Config) EngineURLs() (all []EngineURL) {
	switch c.Cutout.Engine {
	case "azureml":
		all = append(all, EngineURL{"azureml", "CUTOUT_ENDPOINT_URL", c.Cutout.EndpointURL})
	case "removebg":
		all = append(all, EngineURL{"removebg", "REMOVEBG_API_URL", c.RemoveBG.APIURL})
	case "photoroom":
		all = append(all, EngineURL{"photoroom", "PHOTOROOM_API_URL", c.Photoroom.APIURL})
	}
	if c.Place.Engine == "openai" {
		all = append(all, EngineURL{"openai", "PLACE_ENDPOINT_URL", c.Place.EndpointURL})
	}
	return all
}
