package bootstrap_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kindred-k8s/kindred/test/cluster/bootstrap"
)

func TestSomebodyElsesDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	theirs := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(theirs, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bootstrap.Claim(dir); err == nil {
		t.Error("Claim took a directory with something in it")
	}
	if err := bootstrap.Remove(dir); err == nil {
		t.Error("Remove removed it")
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
}

func TestPrepareIsRepeatable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, err := bootstrap.Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	second, err := bootstrap.Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	if first.Token == "" || first.Token != second.Token {
		t.Errorf("tokens %q and %q", first.Token, second.Token)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("the second Prepare changed files:\n%s", diff)
	}
	if err := bootstrap.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := bootstrap.Remove(dir); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestKubeconfigSaysWhatTheConfigurationSays(t *testing.T) {
	files, err := bootstrap.Prepare(filepath.Join(t.TempDir(), "new"))
	if err != nil {
		t.Fatal(err)
	}
	if err := files.WriteKubeconfig(files.Kubeconfig(), "https://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	got, err := clientcmd.BuildConfigFromFlags("", files.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	want, err := files.RESTConfig("https://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Host != want.Host || got.BearerToken != want.BearerToken || string(got.CAData) != string(want.CAData) {
		t.Errorf("kubeconfig gives %v, want %v", got, want)
	}
	if info, err := os.Stat(files.Kubeconfig()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kubeconfig's mode: %v, %v", info.Mode(), err)
	}
}
