// Package pki makes the throw-away certificates of the test control plane and of the fault proxy.
//
// Each call makes an authority of its own, so clients of two control planes, or of two proxies in front of one, never
// trust each other's server, and client-go, which shares connections between equal TLS settings, keeps theirs apart.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// validity is long because a kept data directory is started again with the certificates it holds.
const validity = 10 * 365 * 24 * time.Hour

// Pair is a certificate and its private key, both PEM.
type Pair struct {
	Cert, Key []byte
}

// ServingPair makes a certificate authority and a serving certificate for the hosts, which are names or IP addresses.
// The authority's key is forgotten at once, so nothing else can ever be signed by it.
func ServingPair(commonName string, hosts ...string) (caCert []byte, serving Pair, err error) {
	return issue(commonName, x509.ExtKeyUsageServerAuth, hosts)
}

// ClientPair makes a certificate authority, whose key is forgotten too, and a certificate for one client.
func ClientPair(commonName string) (caCert []byte, client Pair, err error) {
	return issue(commonName, x509.ExtKeyUsageClientAuth, nil)
}

func issue(commonName string, usage x509.ExtKeyUsage, hosts []string) (caCert []byte, pair Pair, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, Pair{}, fmt.Errorf("generate the authority's key: %w", err)
	}
	ca, err := template(commonName + "-ca")
	if err != nil {
		return nil, Pair{}, err
	}
	ca.IsCA = true
	ca.BasicConstraintsValid = true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, Pair{}, fmt.Errorf("sign the authority: %w", err)
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, Pair{}, fmt.Errorf("generate the key: %w", err)
	}
	leaf, err := template(commonName)
	if err != nil {
		return nil, Pair{}, err
	}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, Pair{}, fmt.Errorf("sign the certificate: %w", err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, Pair{}, err
	}
	return encodeCert(caDER), Pair{Cert: encodeCert(der), Key: keyPEM}, nil
}

// SigningKey makes a key for signing service-account tokens, PEM.
func SigningKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate the signing key: %w", err)
	}
	return encodeKey(key)
}

// encodeKey encodes a key in the form that kube-apiserver reads for TLS and for tokens alike.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func template(commonName string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(validity),
	}, nil
}
