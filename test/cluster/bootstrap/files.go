package bootstrap

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kindred-k8s/kindred/test/cluster/pki"
)

// Files are the keys and tokens in a data directory.
type Files struct {
	// Dir is the data directory.
	Dir string
	// Token is the admin's bearer token. It is a token rather than a client certificate so that it passes through a
	// proxy that ends TLS, as the fault proxy does.
	Token string
}

func (f *Files) path(name string) string { return filepath.Join(f.Dir, "pki", name) }

// CAFile is the certificate that clients trust.
func (f *Files) CAFile() string { return f.path("ca.crt") }

// TokenKeyFile is the key that signs service-account tokens.
func (f *Files) TokenKeyFile() string { return f.path("service-account.key") }

// EtcdDir is where etcd keeps its data.
func (f *Files) EtcdDir() string { return filepath.Join(f.Dir, "etcd") }

// Kubeconfig is where the admin's kubeconfig goes when nobody asks for another place.
func (f *Files) Kubeconfig() string { return filepath.Join(f.Dir, "kubeconfig") }

// LogFile is where the API server and etcd log when nobody asks for another place.
func (f *Files) LogFile() string { return filepath.Join(f.Dir, "controlplane.log") }

// Prepare claims the directory and makes what is missing in it. What is there already is used again, so that the
// clients and tokens of a control plane that is started again on the same directory stay valid.
func Prepare(dir string) (*Files, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := Claim(dir); err != nil {
		return nil, err
	}
	f := &Files{Dir: dir}
	if err := os.MkdirAll(f.path(""), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory for keys: %w", err)
	}
	if err := f.serving(); err != nil {
		return nil, err
	}
	if err := f.signing(); err != nil {
		return nil, err
	}
	return f, f.token()
}

func (f *Files) serving() error {
	if exists(f.path("apiserver.crt")) {
		return nil
	}
	ca, pair, err := pki.ServingPair("kindred-test-apiserver",
		"127.0.0.1", "::1", "localhost", ServiceIP,
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
	if err != nil {
		return err
	}
	// The file whose presence is asked for above is written last: an interrupted start leaves nothing half made.
	return errors.Join(
		write(f.CAFile(), ca),
		write(f.path("apiserver.key"), pair.Key),
		write(f.path("apiserver.crt"), pair.Cert),
	)
}

func (f *Files) signing() error {
	if exists(f.TokenKeyFile()) {
		return nil
	}
	key, err := pki.SigningKey()
	if err != nil {
		return err
	}
	return write(f.TokenKeyFile(), key)
}

// token reads or makes the static token file, whose lines are token,user,uid,"groups".
func (f *Files) token() error {
	raw, err := os.ReadFile(f.path("tokens.csv"))
	switch {
	case err == nil:
		f.Token, _, _ = strings.Cut(string(raw), ",")
		if f.Token == "" {
			return fmt.Errorf("%s holds no token", f.path("tokens.csv"))
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	f.Token = hex.EncodeToString(random)
	return write(f.path("tokens.csv"), fmt.Appendf(nil, "%s,kindred-admin,kindred-admin,\"system:masters\"\n", f.Token))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// write replaces the file in one step.
func write(path string, data []byte) error {
	if err := os.WriteFile(path+".tmp", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
