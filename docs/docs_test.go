// Package docs_test keeps the documentation true where a program can: the
// README's program compiles, links lead somewhere, and every test, file and
// package that is named exists.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are the documents that this test is about.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(found, filepath.Join(root, "README.md"), filepath.Join(root, "CHANGELOG.md"))
}

func TestReadmeProgramIsTheOneThatIsCompiled(t *testing.T) {
	program := read(t, "examples/minimal/main.go")
	// The README leaves the package comment out.
	_, program, found := strings.Cut(program, "\npackage main\n")
	if !found {
		t.Fatal("examples/minimal/main.go has no package clause")
	}
	block := "```go\npackage main\n" + program + "```\n"
	if !strings.Contains(read(t, filepath.Join(root, "README.md")), block) {
		t.Error("the README's program is not docs/examples/minimal/main.go: copy the file into the README from its package clause on")
	}
}

func TestDiffsLeadToTheExamples(t *testing.T) {
	for _, name := range []string{"controller-runtime", "client-go", "knative"} {
		t.Run(name, func(t *testing.T) { diffLeadsToExample(t, name) })
	}
}

func diffLeadsToExample(t *testing.T, name string) {
	_, diff, found := strings.Cut(read(t, name+".md"), "```diff\n")
	if !found {
		t.Fatalf("%s.md has no diff", name)
	}
	diff, _, _ = strings.Cut(diff, "```\n")
	program := strings.Split(read(t, "examples/"+name+"/main.go"), "\n")
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		if line == "..." || strings.HasPrefix(line, "-") {
			continue
		}
		if !slices.Contains(program, line[1:]) {
			t.Errorf("the diff in %s.md has the line %q, which is not in examples/%s/main.go", name, line, name)
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)|(?:src|srcset)="([^"]+)"`)
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(read(t, page), -1) {
			target := match[1] + match[3]
			if strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", page, target)
			}
		}
	}
}

func TestWhatIsNamedExists(t *testing.T) {
	tests, paths := map[string]bool{}, map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == ".git" || name == "bin") {
			return filepath.SkipDir
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		paths[filepath.ToSlash(relative)] = true
		if strings.HasSuffix(path, "_test.go") {
			for _, match := range function.FindAllStringSubmatch(read(t, path), -1) {
				tests[match[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	test := regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Z]\\w*)")
	path := regexp.MustCompile("`((?:pkg|cmd|config|test|docs)/[\\w./-]+)`")
	for _, page := range pages(t) {
		text := read(t, page)
		for _, match := range test.FindAllStringSubmatch(text, -1) {
			if !tests[match[1]] {
				t.Errorf("%s names the test %s, which does not exist", page, match[1])
			}
		}
		for _, match := range path.FindAllStringSubmatch(text, -1) {
			if name := strings.TrimSuffix(match[1], "/"); !paths[name] {
				t.Errorf("%s names %s, which does not exist", page, name)
			}
		}
	}
}
