//go:build !linux

package node

import (
	"context"
	"errors"
	"io"

	"k8s.io/client-go/rest"
)

// PauseImage is the image of every Pod's first container.
const PauseImage = "localhost/kindred/pause:dev"

// ErrLinuxOnly is what Possible returns.
var ErrLinuxOnly = errors.New("a Kubernetes node runs on Linux only")

// Options say what is in the cluster.
type Options struct {
	Images, APIServerArgs []string
	Progress              io.Writer
}

// Node is a cluster, which there is none of here.
type Node struct {
	Kubeconfig, Logs string
	Kubectl          []string
}

// Possible returns ErrLinuxOnly.
func Possible() error { return ErrLinuxOnly }

// Start returns ErrLinuxOnly.
func Start(context.Context, Options) (*Node, error) { return nil, ErrLinuxOnly }

// Clean finds nothing.
func Clean() ([]string, error) { return nil, nil }

// RunIfInner does nothing.
func RunIfInner() {}

// RESTConfig returns ErrLinuxOnly.
func (*Node) RESTConfig() (*rest.Config, error) { return nil, ErrLinuxOnly }

// Processes returns ErrLinuxOnly.
func (*Node) Processes(string, string) ([]int, error) { return nil, ErrLinuxOnly }

// Ended is closed never.
func (*Node) Ended() <-chan struct{} { return nil }

// Stop does nothing.
func (*Node) Stop() error { return nil }
