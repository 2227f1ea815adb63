package deploy

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile.
type instruction struct{ name, rest string }

// instructions returns the instructions of a Dockerfile, with continued lines joined.
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
	if !strings.Contains(text, "-r $ORIGIN/lib") || !strings.Contains(text, "/opt/libvips/lib/. /opt/onnxruntime/lib/. /out/lib/") {
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
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(text, c[0]) {
				t.Fatalf("the Dockerfile does not hold %q", c[0])
			}
			if len(dockerfileFaults(strings.Replace(text, c[0], c[1], 1), gomod)) == 0 {
				t.Errorf("%s: not found", name)
			}
		})
	}
}

// contextFaults compares .dockerignore with what the build copies: these files must
// exist and not be ignored, and everything else must be ignored.
func contextFaults(dockerfile, ignore string) (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, in := range instructions(dockerfile) {
		if in.name != "COPY" || strings.HasPrefix(in.rest, "--from") {
			continue
		}
		paths := strings.Fields(in.rest)
		for _, p := range paths[:len(paths)-1] {
			if p == "." {
				continue
			}
			if _, err := os.Stat("../" + p); err != nil {
				say("COPY %s: %v", p, err)
			}
			top, _, _ := strings.Cut(p, "/")
			if !strings.Contains(ignore, "\n!"+top+"\n") {
				say(".dockerignore keeps %s out", p)
			}
		}
	}
	for _, secret := range []string{".opal", ".git", "bin"} {
		if strings.Contains(ignore, "\n!"+secret+"\n") {
			say(".dockerignore lets %s in", secret)
		}
	}
	if !strings.Contains(ignore, "\n*\n") {
		say(".dockerignore must keep out what it does not name")
	}
	return found
}

func TestTheImagesBuildSeesWhatItCopies(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	dockerfile, ignore := read("Dockerfile"), read("../.dockerignore")
	for _, f := range contextFaults(dockerfile, ignore) {
		t.Error(f)
	}
	for name, c := range map[string]struct{ dockerfile, ignore, want string }{
		"a folder that is gone": {dockerfile + "\nCOPY modules/gone /src/gone\n", ignore, "COPY modules/gone"},
		"a folder kept out":     {dockerfile, strings.ReplaceAll(ignore, "\n!modules\n", "\n"), "keeps modules/imaging/package.json out"},
		"the state of opal dev": {dockerfile, ignore + "\n!.opal\n", "lets .opal in"},
		"everything let in":     {dockerfile, strings.Replace(ignore, "\n*\n", "\n", 1), "must keep out"},
	} {
		t.Run(name, func(t *testing.T) {
			if found := strings.Join(contextFaults(c.dockerfile, c.ignore), "\n"); !strings.Contains(found, c.want) {
				t.Errorf("%s: found %q", name, found)
			}
		})
	}
}
