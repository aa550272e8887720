// Command image compiles a Go program of this repository and writes a container image with nothing but that in it, as an
// OCI archive, which any registry or runtime takes. It needs no Docker. The same sources and the same Go give the same
// image, to the byte.
//
//	go -C config/image run . --package ./cmd/sample-operator --name localhost/kindred/sample-operator:dev --out ../../bin/image.tar
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

type options struct {
	root, pkg, name, out, version, arch, sbom string
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", "../..", "`directory` of the module with the program")
	flag.StringVar(&o.pkg, "package", "", "`path` of the program's package, from the root")
	flag.StringVar(&o.name, "name", "", "the image's `name` with its tag, as in registry.example/widgets:v1")
	flag.StringVar(&o.out, "out", "", "the OCI archive, a `file`")
	flag.StringVar(&o.version, "version", "dev", "what the image's label says; it is no part of the program")
	flag.StringVar(&o.arch, "arch", runtime.GOARCH, "the processor, in Go's words")
	flag.StringVar(&o.sbom, "sbom", "", "a `file` for the list of the modules in the program, in CycloneDX's JSON (default: none)")
	flag.Parse()
	if flag.NArg() > 0 || o.pkg == "" || o.name == "" || o.out == "" {
		fmt.Fprintln(os.Stderr, "image: --package, --name and --out are needed, and nothing but flags")
		os.Exit(2)
	}
	digest, err := o.make()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Printf("%s@%s in %s\n", o.name, digest, o.out)
}

// make returns the digest of the image that it has written.
func (o options) make() (string, error) {
	dir, err := os.MkdirTemp("", "kindred-image-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, filepath.Base(o.pkg))
	if err := o.compile(program); err != nil {
		return "", err
	}
	if o.sbom != "" {
		if err := writeSBOM(o.sbom, program, filepath.Base(o.pkg), o.version); err != nil {
			return "", fmt.Errorf("list the modules: %w", err)
		}
	}
	image, err := o.assemble(program)
	if err != nil {
		return "", fmt.Errorf("assemble the image: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	if err := archive(image, o.name, filepath.Join(dir, "layout"), o.out); err != nil {
		return "", fmt.Errorf("write the archive: %w", err)
	}
	return digest.String(), nil
}

// compile leaves out of the program what differs from one machine to the next: paths, and the state of the repository.
func (o options) compile(out string) error {
	build := exec.Command("go", "-C", o.root, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out, o.pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+o.arch, "GOFLAGS=", "GOWORK=off")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w\n%s", o.pkg, err, said)
	}
	return nil
}
