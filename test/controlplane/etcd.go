package main

import (
	"errors"
	"net"
	"net/url"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdTimeout is how long etcd may take to elect its only member leader.
const etcdTimeout = 30 * time.Second

// startEtcd starts etcd on a port that is free. etcd cannot be handed a listener, and its JSON API, unlike gRPC, works only
// if the port in its configuration is the real one, not zero. Should another process take the port first, there are others.
func startEtcd(dir string, quotaBytes int64) (*embed.Etcd, error) {
	for tries := 5; ; tries-- {
		client, err := freeAddress()
		if err != nil {
			return nil, err
		}
		e, err := startEtcdAt(client, dir, quotaBytes)
		if err == nil || tries == 1 || !errors.Is(err, syscall.EADDRINUSE) {
			return e, err
		}
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func startEtcdAt(client, dir string, quotaBytes int64) (*embed.Etcd, error) {
	clientURL := url.URL{Scheme: "http", Host: client}
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	cfg := embed.NewConfig()
	cfg.Dir = dir
	cfg.ListenClientUrls = []url.URL{clientURL}
	cfg.AdvertiseClientUrls = []url.URL{clientURL}
	cfg.ListenPeerUrls = []url.URL{anyPort}
	cfg.AdvertisePeerUrls = []url.URL{anyPort}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	// What is written outlives the process in the page cache; only a crash of the machine would lose it.
	cfg.UnsafeNoFsync = true
	cfg.QuotaBackendBytes = quotaBytes
	// The only member waits for an election timeout before it elects itself.
	cfg.TickMs = 20
	cfg.ElectionMs = 100
	cfg.LogLevel = "warn"
	cfg.LogOutputs = []string{"stderr"}
	cfg.Logger = "zap"

	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		return nil, err
	case <-time.After(etcdTimeout):
		e.Close()
		return nil, errors.New("not ready in time")
	}
}
