package bootstrap

import (
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// RESTConfig is the admin's configuration for the API server at the URL. It has no client-side rate limit, which would
// hide what a test wants to see; a client that wants one sets it.
func (f *Files) RESTConfig(server string) (*rest.Config, error) {
	ca, err := os.ReadFile(f.CAFile())
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            server,
		BearerToken:     f.Token,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca},
		QPS:             -1,
	}, nil
}

// WriteKubeconfig writes the admin's kubeconfig for the API server at the URL.
func (f *Files) WriteKubeconfig(path, server string) error {
	cfg, err := f.RESTConfig(server)
	if err != nil {
		return err
	}
	return WriteKubeconfig(path, cfg)
}

// WriteKubeconfig writes a kubeconfig that says what the configuration says about the server and its credentials.
func WriteKubeconfig(path string, cfg *rest.Config) error {
	out := clientcmdapi.NewConfig()
	out.Clusters["kindred-test"] = &clientcmdapi.Cluster{
		Server:                   cfg.Host,
		TLSServerName:            cfg.ServerName,
		InsecureSkipTLSVerify:    cfg.Insecure,
		CertificateAuthority:     cfg.CAFile,
		CertificateAuthorityData: cfg.CAData,
	}
	out.AuthInfos["user"] = &clientcmdapi.AuthInfo{
		Token:                 cfg.BearerToken,
		TokenFile:             cfg.BearerTokenFile,
		Username:              cfg.Username,
		Password:              cfg.Password,
		ClientCertificate:     cfg.CertFile,
		ClientCertificateData: cfg.CertData,
		ClientKey:             cfg.KeyFile,
		ClientKeyData:         cfg.KeyData,
	}
	out.Contexts["kindred-test"] = &clientcmdapi.Context{Cluster: "kindred-test", AuthInfo: "user", Namespace: "default"}
	out.CurrentContext = "kindred-test"
	if err := clientcmd.WriteToFile(*out, path); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}
