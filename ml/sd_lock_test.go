package ml

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// lockFiles are what the image of ml/sd is installed by.
type lockFiles struct{ requirements, lock, dockerfile string }

var (
	required = regexp.MustCompile(`(?m)^([a-z0-9-]+)==([^ ;\n]+)(?: ; python_version >= .*)?$`)
	locked   = regexp.MustCompile(`(?m)^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)*)`)
)

// faults says where the image could get another package than the list says.
func (l lockFiles) faults() (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	has := map[string]string{}
	for _, m := range locked.FindAllStringSubmatch(l.lock, -1) {
		if has[m[1]] = m[2]; m[3] == "" {
			say("%s has no hash", m[1])
		}
	}
	lines := 0
	for line := range strings.Lines(l.lock) {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "#") {
			lines++
		}
		if strings.Contains(line, "://") {
			say("an address in the lock: %s", line)
		}
	}
	if lines != len(has) || len(has) < 30 {
		say("%d of %d lines of the lock are packages by version and hash", len(has), lines)
	}
	all := required.FindAllStringSubmatch(l.requirements, -1)
	if len(all) < 8 {
		say("the list names %d packages", len(all))
	}
	for _, m := range all {
		if has[m[1]] != m[2] {
			say("%s is %s in the list and %q in the lock: sh ml/sd/lock.sh", m[1], m[2], has[m[1]])
		}
	}
	for name := range has {
		if name == "torch" || strings.HasPrefix(name, "nvidia-") {
			say("%s comes with the base", name)
		}
	}
	for _, option := range []string{"--no-deps", "--require-hashes", "--only-binary :all:", "-r requirements.lock"} {
		if !strings.Contains(l.dockerfile, option) {
			say("without %s the image could get something else", option)
		}
	}
	return found
}

// The image of ml/sd is made of the very packages that were locked; each planted fault is found.
func TestTheModelsImageIsLocked(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile("sd/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	files := lockFiles{read("requirements.txt"), read("requirements.lock"), read("Dockerfile")}
	for _, f := range files.faults() {
		t.Error(f)
	}
	for name, c := range map[string]struct{ old, new, want string }{ // old is a pattern
		"a newer version in the list": {`diffusers==\S+\n`, "diffusers==0.0.1\n", "diffusers is 0.0.1 in the list"},
		"another in the lock":         {`transformers==\S+ \\\n`, "transformers==0.0.1 \\\n", "in the lock: sh ml/sd/lock.sh"},
		"no hash":                     {`(accelerate==\S+ \\\n)(?:    --hash=\S+(?: \\)?\n)+`, "$1", "accelerate has no hash"},
		"no version":                  {`urllib3==\S+`, "urllib3", "packages by version and hash"},
		"a torch of its own":          {`tqdm==`, "torch==2.15.0 \\\n    --hash=sha256:" + strings.Repeat("0", 64) + "\ntqdm==", "torch comes with the base"},
		"any hash":                    {` --require-hashes`, "", "without --require-hashes"},
		"the list instead":            {`-r requirements.lock`, "-r requirements.txt", "without -r requirements.lock"},
	} {
		t.Run(name, func(t *testing.T) {
			swap := func(text string) string { return regexp.MustCompile(c.old).ReplaceAllString(text, c.new) }
			planted := lockFiles{swap(files.requirements), swap(files.lock), swap(files.dockerfile)}
			if found := strings.Join(planted.faults(), "\n"); planted == files || !strings.Contains(found, c.want) {
				t.Errorf("found %q", found)
			}
		})
	}
}
