package deploy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile.
type instruction struct{ name, rest string }

// instructions reads a Dockerfile's, with continued lines joined.
func instructions(text string) []instruction {
	var out []instruction
	joined := regexp.MustCompile(`\\\s*\n`).ReplaceAllString(text, " ")
	for line := range strings.Lines(joined) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		out = append(out, instruction{strings.ToUpper(name), strings.TrimSpace(rest)})
	}
	return out
}

// dockerfileFaults holds the image to what the apps need: one process, not root,
// nothing to write to, no shell.
func dockerfileFaults(text, gomod string) []string {
	var found []string
	say := func(s string) { found = append(found, s) }
	all := instructions(text)
	last := 0
	args := map[string]string{}
	for i, in := range all {
		switch in.name {
		case "FROM":
			last = i
			if !strings.HasPrefix(in.rest, "${") {
				say("a base image is not an argument: " + in.rest)
			}
		case "ARG":
			if k, v, ok := strings.Cut(in.rest, "="); ok && last == 0 {
				args[k] = v
			}
		case "ADD", "HEALTHCHECK", "MAINTAINER":
			say(in.name + " has no place here")
		}
	}
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(gomod)
	if version == nil || !strings.Contains(args["GO_IMAGE"], ":"+version[1]+"-") {
		say("GO_IMAGE is " + args["GO_IMAGE"] + ", not go.mod's version")
	}
	for name, image := range args {
		if strings.HasSuffix(image, ":latest") || !strings.Contains(image, ":") {
			say(name + " names no version")
		}
	}
	final := all[last:]
	get := func(name string) string {
		for _, in := range slices.Backward(final) {
			if in.name == name {
				return in.rest
			}
		}
		return ""
	}
	if user := get("USER"); !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		say("USER is " + user + ", not one by number that is not root")
	}
	if get("ENTRYPOINT") != `["/opt/opal/opal"]` {
		say("ENTRYPOINT is " + get("ENTRYPOINT") + ": roles are its arguments")
	}
	if get("EXPOSE") != "8080" {
		say("EXPOSE is " + get("EXPOSE"))
	}
	for _, in := range final {
		if in.name == "RUN" {
			say("the last stage runs something: its base has no shell")
		}
	}
	if !strings.Contains(text, "-r $ORIGIN/lib") || !strings.Contains(text, "/opt/libvips/lib/. /out/lib/") {
		say("the binary would not find its library")
	}
	return found
}

func TestDockerfile(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	text, gomod := read("Dockerfile"), read("../go.mod")
	for _, f := range dockerfileFaults(text, gomod) {
		t.Error(f)
	}
	for name, c := range map[string][2]string{
		"root":               {"USER 65532:65532", "USER 0:0"},
		"user by name":       {"USER 65532:65532", "USER nonroot"},
		"shell form":         {`ENTRYPOINT ["/opt/opal/opal"]`, `ENTRYPOINT /opt/opal/opal`},
		"another Go":         {"golang:1.", "golang:2."},
		"shell at run time":  {"STOPSIGNAL SIGTERM", "RUN apt-get update"},
		"unpinned":           {"cc-debian12:nonroot", "cc-debian12:latest"},
		"library left out":   {"-r $ORIGIN/lib", ""},
		"base written out":   {"FROM ${RUNTIME_IMAGE}", "FROM debian:12"},
		"probe by the image": {"EXPOSE 8080", "EXPOSE 8080\nHEALTHCHECK CMD true"},
	} {
		if !strings.Contains(text, c[0]) {
			t.Fatalf("the Dockerfile does not hold %q", c[0])
		}
		if len(dockerfileFaults(strings.Replace(text, c[0], c[1], 1), gomod)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

// What the build copies must pass .dockerignore, and be there.
func TestTheImagesBuildSeesWhatItCopies(t *testing.T) {
	ignore, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range instructions(string(text)) {
		if in.name != "COPY" || strings.HasPrefix(in.rest, "--from") {
			continue
		}
		paths := strings.Fields(in.rest)
		for _, p := range paths[:len(paths)-1] {
			if p == "." {
				continue
			}
			if _, err := os.Stat("../" + p); err != nil {
				t.Errorf("COPY %s: %v", p, err)
			}
			top, _, _ := strings.Cut(p, "/")
			if !strings.Contains(string(ignore), "\n!"+top+"\n") {
				t.Errorf(".dockerignore keeps %s out", p)
			}
		}
	}
	for _, secret := range []string{".opal", ".git", "bin"} {
		if strings.Contains(string(ignore), "\n!"+secret+"\n") {
			t.Errorf(".dockerignore lets %s in", secret)
		}
	}
	if !strings.Contains(string(ignore), "\n*\n") {
		t.Error(".dockerignore must keep out what it does not name")
	}
}
