def log(String run) {
    new File(basedir, "target/${run}.log").readLines()
}

def chosen(String run) {
    log(run).findAll { it =~ /cpu-(simd|plain):/ }
}

for (run in ['module-path', 'class-path']) {
    assert new File(basedir, "target/${run}/my-adapter/adapter_model.safetensors").length() > 0
    assert log(run).every { !it.contains('NoClassDefFoundError') && !it.contains('Exception') }
}
// On the module path the descriptors ask for the vector module, and no flag is needed.
assert chosen('module-path').size() == 1 && chosen('module-path')[0].contains('cpu-simd')
// On the class path nobody does: the plain kernels, and one line that says what to add.
assert chosen('class-path').size() == 1 && chosen('class-path')[0].contains('cpu-plain')
assert chosen('class-path')[0].contains('--add-modules jdk.incubator.vector')
return true
