package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// TestReproducible: the same sources in two places give the same image, and it has one file, which its user may run
// and nobody may write.
func TestReproducible(t *testing.T) {
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	copySources(t, here, elsewhere)
	var digests []string
	var archives [][]byte
	for _, root := range []string{here, elsewhere} {
		dir := t.TempDir()
		o := options{
			root: root, pkg: "./cmd/sample-operator", name: "localhost/x:v1", version: "v1", arch: "amd64",
			out: filepath.Join(dir, "image.tar"), sbom: filepath.Join(dir, "sbom.json"),
		}
		digest, err := o.make()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(o.out)
		if err != nil {
			t.Fatal(err)
		}
		digests, archives = append(digests, digest), append(archives, raw)
		if root == here {
			look(t, o.out)
			lists(t, o.sbom, "pkg:golang/k8s.io/client-go@v")
		}
	}
	if digests[0] != digests[1] || string(archives[0]) != string(archives[1]) {
		t.Errorf("two builds: %v", digests)
	}
}

// copySources copies what git knows of.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	out, err := exec.Command("git", "-C", from, "ls-files", "--cached", "--others", "--exclude-standard", "cmd", "config", "pkg", "go.mod", "go.sum").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		raw, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // it is about to be removed
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), raw, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// look opens the archive as others do.
func look(t *testing.T, path string) {
	t.Helper()
	dir := t.TempDir()
	unpack(t, path, dir)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["io.containerd.image.name"] != "localhost/x:v1" {
		t.Fatalf("the archive has %+v", manifest.Manifests)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := file.Config
	if config.User != "65532:65532" || len(config.Entrypoint) != 1 || config.Entrypoint[0] != "/sample-operator" || config.Labels["org.opencontainers.image.version"] != "v1" {
		t.Errorf("the configuration is %+v", config)
	}
	content := tar.NewReader(mutate.Extract(image))
	header, err := content.Next()
	if err != nil || header.Name != "sample-operator" || header.Mode != 0o555 || header.Uid != 0 {
		t.Errorf("the first file is %+v (%v)", header, err)
	}
	if header, err := content.Next(); err != io.EOF {
		t.Errorf("there is a second file: %+v", header)
	}
}

func unpack(t *testing.T, path, dir string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for archive := tar.NewReader(file); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(to, 0o755)
		} else {
			var raw []byte
			if raw, err = io.ReadAll(archive); err == nil {
				err = os.WriteFile(to, raw, 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func lists(t *testing.T, path, want string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), want) {
		t.Errorf("%s does not list %s", path, want)
	}
}
