package main

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is the number that images without users use for one who is not root. Kubernetes can tell only of a number that
// it is not root's.
const user = "65532:65532"

// epoch is the date of everything in the image: the day on which it was made is no property of the program.
var epoch = time.Unix(0, 0).UTC()

// assemble puts the program, and nothing else, into an image that runs it.
func (o options) assemble(program string) (v1.Image, error) {
	path := "/" + filepath.Base(program)
	content, err := oneFile(path, program)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Architecture, config.OS = o.arch, "linux"
	config.Created = v1.Time{Time: epoch}
	config.History = []v1.History{{Created: v1.Time{Time: epoch}, CreatedBy: "config/image of Kindred"}}
	config.Config = v1.Config{
		Entrypoint: []string{path},
		User:       user,
		WorkingDir: "/",
		Labels: map[string]string{
			"org.opencontainers.image.title":    filepath.Base(program),
			"org.opencontainers.image.version":  o.version,
			"org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.source":   "https://github.com/kindred-k8s/kindred",
		},
	}
	return mutate.ConfigFile(image, config)
}

// oneFile is a tar archive with one executable, which belongs to root, so that the program cannot overwrite itself.
func oneFile(path, from string) ([]byte, error) {
	raw, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	header := &tar.Header{Name: path[1:], Typeflag: tar.TypeReg, Mode: 0o555, Size: int64(len(raw)), ModTime: epoch, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	return out.Bytes(), w.Close()
}

// archive writes the image as an OCI image layout, and that as a tar archive. The annotations are where containerd, and
// others, look for the image's name.
func archive(image v1.Image, name, dir, out string) error {
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendImage(image, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          name,
		"org.opencontainers.image.ref.name": name,
	})); err != nil {
		return err
	}
	tmp := out + ".new"
	file, err := os.Create(tmp)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pack(dir, file); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, out)
}

// pack writes a folder in the order of its names, without dates and owners.
func pack(dir string, out io.Writer) error {
	w := tar.NewWriter(out)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: filepath.ToSlash(name), Typeflag: tar.TypeDir, Mode: 0o755, ModTime: epoch, Format: tar.FormatUSTAR}
		if entry.IsDir() {
			header.Name += "/"
			return w.WriteHeader(header)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		header.Typeflag, header.Mode, header.Size = tar.TypeReg, 0o644, int64(len(raw))
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	})
	if err != nil {
		return err
	}
	return w.Close()
}
